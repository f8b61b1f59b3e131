import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { ConfigError, readVariables } from '../../config.ts';
import {
  type BackfillReport,
  UNMATCHED,
  unmatchedCount,
  transferWorkflowId,
} from '../../domain/marketplace/index.ts';
import { createEngine } from '../../engine/index.ts';
import { TASK_QUEUE_VARIABLES, taskQueuesOf } from '../../engine/task-queues.ts';
import type { Engine } from '../../engine/port/index.ts';
import { connectTemporal } from '../connect-temporal.ts';
import { type Progress, startProgress } from '../progress.ts';
import { CannotRun } from '../usage.ts';

const LOOK_EVERY_MS = 250;

/** `backfill-transfer-ids [--dry-run] [--json]`: starts the workflow, or joins the one that runs, and follows it. */
export async function backfillTransferIds(args: string[], env: NodeJS.ProcessEnv): Promise<string> {
  const { values } = parseArgs({
    args,
    options: { 'dry-run': { type: 'boolean', default: false }, json: { type: 'boolean', default: false } },
  });
  const report = await run(env, values['dry-run']).catch((error: unknown) => {
    const reason = error instanceof ConfigError ? error.problems.join('\n') : reasonOf(error);
    throw new CannotRun(reason);
  });
  process.exitCode = unmatchedCount(report) > 0 ? 1 : 0;
  return values.json ? JSON.stringify(asJson(report)) : asText(report);
}

async function run(env: NodeJS.ProcessEnv, dryRun: boolean): Promise<BackfillReport> {
  const config = readVariables(env, TASK_QUEUE_VARIABLES);
  const { connection, client } = await connectTemporal(env);
  try {
    const engine = createEngine(client, taskQueuesOf(config));
    await engine.startBackfill(dryRun);
    return await follow(engine, dryRun, startProgress(process.stderr, dryRun ? 'dry run' : 'backfill'));
  } finally {
    await connection.close();
  }
}

async function follow(engine: Engine, dryRun: boolean, progress: Progress): Promise<BackfillReport> {
  const ended = new AbortController();
  const report = engine.backfillReport(dryRun).finally(() => ended.abort());
  // The wait below reports how it ends.
  report.catch(() => undefined);
  let isSilent = false;
  while (!ended.signal.aborted) {
    const seen = await engine.backfillProgress(dryRun);
    if (seen !== null) progress.show(seen.looked, seen.total);
    else if (!isSilent && !ended.signal.aborted) progress.note('no worker answers; waiting for one');
    isSilent = seen === null;
    await sleep(LOOK_EVERY_MS, undefined, { signal: ended.signal }).catch(() => undefined);
  }
  try {
    const { looked, total } = await report;
    progress.show(looked, Math.max(looked, total));
    return await report;
  } finally {
    progress.end();
  }
}

function asJson(report: BackfillReport) {
  return {
    dry_run: report.dryRun,
    total: report.total,
    looked: report.looked,
    matched: report.matched,
    unmatched: report.unmatched,
    findings: report.findings.map(({ transferId, orderId, why, detail }) => ({
      transfer_id: transferId,
      order_id: orderId,
      why,
      detail,
    })),
    findings_left_out: unmatchedCount(report) - report.findings.length,
  };
}

function asText(report: BackfillReport): string {
  const leftOut = unmatchedCount(report) - report.findings.length;
  return [
    `${report.total} completed transfers had no Stripe id`,
    `${report.matched} ${report.dryRun ? 'would get theirs (dry run: nothing was written)' : 'have theirs now'}`,
    ...UNMATCHED.filter((why) => report.unmatched[why] > 0).map(
      (why) => `${report.unmatched[why]} without: ${why}`,
    ),
    ...report.findings.map(
      ({ transferId, why, detail }) => `  ${transferWorkflowId(transferId)}  ${why}: ${detail}`,
    ),
    ...(leftOut > 0 ? [`  … and ${leftOut} more${report.dryRun ? '' : ', all of them flagged'}`] : []),
  ].join('\n');
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // Terminated by hand, or its history is lost: the cause has the workflow's own message.
  const cause = error.name === 'WorkflowFailedError' && error.cause instanceof Error ? error.cause : error;
  return cause.message;
}
