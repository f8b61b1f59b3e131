import { parseArgs } from 'node:util';
import { ConfigError, readVariables } from '../../config.ts';
import { type PhantomReport, phantomsWorkflowId } from '../../domain/subscriptions/index.ts';
import { createEngine } from '../../engine/index.ts';
import { TASK_QUEUE_VARIABLES, taskQueuesOf } from '../../engine/task-queues.ts';
import { connectTemporal } from '../connect-temporal.ts';
import { follow, reasonOf } from '../follow.ts';
import { CannotRun } from '../usage.ts';

/** `phantoms [--apply] [--json]`: starts the workflow, or joins the one that runs, and follows it. Changes nothing without `--apply`. */
export async function phantoms(args: string[], env: NodeJS.ProcessEnv): Promise<string> {
  const { values } = parseArgs({
    args,
    options: { apply: { type: 'boolean', default: false }, json: { type: 'boolean', default: false } },
  });
  const report = await run(env, !values.apply).catch((error: unknown) => {
    const reason = error instanceof ConfigError ? error.problems.join('\n') : reasonOf(error);
    throw new CannotRun(reason);
  });
  process.exitCode = report.looked > 0 ? 1 : 0;
  return values.json ? JSON.stringify(asJson(report)) : asText(report);
}

async function run(env: NodeJS.ProcessEnv, dryRun: boolean): Promise<PhantomReport> {
  const config = readVariables(env, TASK_QUEUE_VARIABLES);
  const { connection, client } = await connectTemporal(env);
  try {
    const engine = createEngine(client, taskQueuesOf(config));
    await engine.startPhantomSweep(dryRun);
    // The next call joins it.
    return await follow({
      report: () => engine.phantomReport(dryRun),
      look: () => engine.phantomProgress(dryRun),
      onSilent: () => process.stderr.write('no worker answers; waiting for one\n'),
    });
  } finally {
    await connection.close();
  }
}

const asJson = ({ sweepId, dryRun, looked, expired, paid, left }: PhantomReport) => ({
  workflow_id: phantomsWorkflowId(dryRun),
  sweep_id: sweepId,
  dry_run: dryRun,
  ...{ looked, expired, paid, left },
});

function asText({ sweepId, dryRun, looked, expired, paid, left }: PhantomReport): string {
  if (looked === 0) return 'no subscription says that it is paid without being so';
  return [
    `${looked} say that they are paid, and are not`,
    dryRun
      ? `${expired} would expire`
      : `${expired} expired; their former rows are kept under sweep ${sweepId}`,
    `${paid} the PSP has the money of: ${dryRun ? 'they would be' : 'they were'} dispatched as their webhooks would have been`,
    `${left} left as they are: the PSP did not answer, or they are none any more`,
    ...(dryRun ? ['Nothing has been changed. With --apply it is done.'] : []),
  ].join('\n');
}
