import { parseArgs } from 'node:util';
import { ConfigError, readVariables } from '../../config.ts';
import { UPKEEP_PHASES, type UpkeepPhase, type UpkeepReport } from '../../domain/upkeep/index.ts';
import { createEngine } from '../../engine/index.ts';
import type { Engine } from '../../engine/port/index.ts';
import { TASK_QUEUE_VARIABLES, taskQueuesOf } from '../../engine/task-queues.ts';
import { runUpkeep } from '../../operations/upkeep/index.ts';
import { connectTemporal } from '../connect-temporal.ts';
import { follow, reasonOf } from '../follow.ts';
import { actorOf, looking } from '../operator.ts';
import { CannotRun, UsageError } from '../usage.ts';

/** `upkeep [--phase P]… [--json]`: starts an upkeep, and follows it. */
export async function upkeep(args: string[], env: NodeJS.ProcessEnv): Promise<string> {
  const { values } = parseArgs({
    args,
    options: {
      phase: { type: 'string', multiple: true },
      reason: { type: 'string' },
      actor: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  });
  const phases = values.phase?.map(knownPhase);
  const by = values.actor !== undefined || env['OPS_ACTOR'] ? values : null;
  const { workflowId, report } = await run(env, { ...(phases && { phases }) }, by).catch((error: unknown) => {
    if (error instanceof UsageError) throw error;
    throw new CannotRun(error instanceof ConfigError ? error.problems.join('\n') : reasonOf(error));
  });
  if (Object.values(report.phases).some(({ why }) => why['error'] !== undefined)) process.exitCode = 1;
  return values.json ? JSON.stringify(asJson(workflowId, report)) : asText(report);
}

function knownPhase(name: string): UpkeepPhase {
  const known = UPKEEP_PHASES.find((phase) => phase === name);
  if (known === undefined) throw new UsageError(`--phase: expected one of ${UPKEEP_PHASES.join(', ')}`);
  return known;
}

interface Ask {
  readonly phases?: readonly UpkeepPhase[];
}
type By = { readonly actor?: string | undefined; readonly reason?: string | undefined } | null;

async function run(
  env: NodeJS.ProcessEnv,
  ask: Ask,
  by: By,
): Promise<{ workflowId: string; report: UpkeepReport }> {
  const config = readVariables(env, TASK_QUEUE_VARIABLES);
  const { connection, client } = await connectTemporal(env);
  try {
    const engine = createEngine(client, taskQueuesOf(config));
    const workflowId = await start(env, engine, ask, by);
    const report = await follow({
      report: () => engine.upkeepReport(workflowId),
      look: () => engine.upkeepProgress(workflowId),
      onSilent: () => process.stderr.write('no worker answers; waiting for one\n'),
    });
    if (report === null) throw new Error('the upkeep ended without a report');
    return { workflowId, report };
  } finally {
    await connection.close();
  }
}

/** Audited where an actor is named: a script of the machine's own has no database, and no actor. */
async function start(env: NodeJS.ProcessEnv, engine: Engine, ask: Ask, by: By): Promise<string> {
  if (by === null) return engine.startUpkeep(ask);
  return looking(env, async ({ db }) => runUpkeep({ db, engine }, ask, await actorOf({ db }, env, by)));
}

const asJson = (workflowId: string, report: UpkeepReport) => ({
  workflow_id: workflowId,
  started_at: report.startedAt,
  report: report.phases,
});

const asText = (report: UpkeepReport): string =>
  UPKEEP_PHASES.flatMap((phase) => {
    const counts = report.phases[phase];
    if (counts === undefined) return [];
    const why = Object.entries(counts.why).map(([word, times]) => `${times} ${word}`);
    const reasons = why.length > 0 ? `  (${why.join(', ')})` : '';
    return [`${phase.padEnd(10)} ${counts.seen} seen, ${counts.done} done, ${counts.left} left${reasons}`];
  }).join('\n');
