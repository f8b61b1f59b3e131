import { parseArgs } from 'node:util';
import { ConfigError, readVariables } from '../../config.ts';
import { type Phase, PHASES, type ReconcileReport } from '../../domain/reconcile/index.ts';
import { createEngine } from '../../engine/index.ts';
import { TASK_QUEUE_VARIABLES, taskQueuesOf } from '../../engine/task-queues.ts';
import type { Engine } from '../../engine/port/index.ts';
import { runReconciliation } from '../../operations/reconcile/index.ts';
import { connectTemporal } from '../connect-temporal.ts';
import { follow, reasonOf } from '../follow.ts';
import { actorOf, looking } from '../operator.ts';
import { type Progress, startProgress } from '../progress.ts';
import { CannotRun, UsageError } from '../usage.ts';

/** `reconcile [--drain] [--phase P]… [--json]`: starts a sweep, or joins the drain that runs, and follows it. */
export async function reconcile(args: string[], env: NodeJS.ProcessEnv): Promise<string> {
  const { values } = parseArgs({
    args,
    options: {
      drain: { type: 'boolean', default: false },
      phase: { type: 'string', multiple: true },
      reason: { type: 'string' },
      actor: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  });
  const phases = values.phase?.map(knownPhase);
  const ask = { drain: values.drain, ...(phases && { phases }) };
  const by = values.actor !== undefined || env['OPS_ACTOR'] ? values : null;
  const { workflowId, report } = await run(env, ask, by).catch((error: unknown) => {
    if (error instanceof UsageError) throw error;
    throw new CannotRun(error instanceof ConfigError ? error.problems.join('\n') : reasonOf(error));
  });
  if (report.off !== null) process.exitCode = 2;
  else if (Object.values(report.phases).some((phase) => phase.failed > 0)) process.exitCode = 1;
  return values.json ? JSON.stringify(asJson(workflowId, report)) : asText(report);
}

function knownPhase(name: string): Phase {
  const known = PHASES.find((phase) => phase === name);
  if (known === undefined) throw new UsageError(`--phase: expected one of ${PHASES.join(', ')}`);
  return known;
}

interface Ask {
  readonly drain: boolean;
  readonly phases?: readonly Phase[];
}

async function run(
  env: NodeJS.ProcessEnv,
  ask: Ask,
  by: { readonly actor?: string | undefined; readonly reason?: string | undefined } | null,
): Promise<{ workflowId: string; report: ReconcileReport }> {
  const config = readVariables(env, TASK_QUEUE_VARIABLES);
  const { connection, client } = await connectTemporal(env);
  try {
    const engine = createEngine(client, taskQueuesOf(config));
    const workflowId = await start(env, engine, ask, by);
    const progress = startProgress(process.stderr, ask.drain ? 'drain' : 'sweep');
    return { workflowId, report: await followSweep(engine, workflowId, progress) };
  } finally {
    await connection.close();
  }
}

/** Audited where an actor is named: a script that only looks has no database, and no actor. */
async function start(
  env: NodeJS.ProcessEnv,
  engine: Engine,
  ask: Ask,
  by: { readonly actor?: string | undefined; readonly reason?: string | undefined } | null,
): Promise<string> {
  if (by === null) return engine.startSweep(ask);
  return looking(env, async ({ db }) =>
    runReconciliation({ db, engine }, ask, await actorOf({ db }, env, by)),
  );
}

/** The next call of a drain joins it. */
async function followSweep(engine: Engine, workflowId: string, progress: Progress): Promise<ReconcileReport> {
  try {
    const report = await follow({
      report: () => engine.sweepReport(workflowId),
      look: () => engine.sweepProgress(workflowId),
      onSeen: ({ looked, total }) => {
        if (total) progress.show(looked, Math.max(looked, total));
      },
      onSilent: () => progress.note('no worker answers; waiting for one'),
    });
    if (report === null) throw new Error('the sweep ended without a report');
    return report;
  } finally {
    progress.end();
  }
}

const asJson = (workflowId: string, report: ReconcileReport) => ({
  workflow_id: workflowId,
  started_at: report.startedAt,
  off: report.off,
  engine_rebuilt: report.engineRebuilt,
  report: report.phases,
});

function asText(report: ReconcileReport): string {
  if (report.off !== null) return `nothing was looked at: ${report.off}`;
  return [
    ...(report.engineRebuilt
      ? ['Temporal was rebuilt: all open work was started again, nothing failed']
      : []),
    ...PHASES.flatMap((phase) => {
      const counts = report.phases[phase];
      if (counts === undefined) return [];
      const why = Object.entries(counts.why).map(([word, times]) => `${times} ${word}`);
      return [
        `${phase.padEnd(14)} ${counts.seen} seen, ${counts.synced} synced, ${counts.left} left, ${counts.failed} failed${
          why.length > 0 ? `  (${why.join(', ')})` : ''
        }`,
      ];
    }),
  ].join('\n');
}
