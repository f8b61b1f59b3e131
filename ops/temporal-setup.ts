import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Connection, isGrpcServiceError } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';
import proto from '@temporalio/proto';
import { readVariables } from '../config.ts';
import { SEARCH_ATTRIBUTES } from '../domain/kernel/index.ts';
import { openDatabase } from '../db/client.ts';
import { connectTemporal } from './connect-temporal.ts';
import { fail } from './fail.ts';
import { keepNamespaceId } from './known-namespace.ts';
import {
  ensureDeletionsSchedule,
  ensureMailsSchedule,
  ensureRevenueSchedule,
  ensureSweepSchedule,
  ensureUpkeepSchedule,
} from './schedules.ts';

const { IndexedValueType } = proto.temporal.api.enums.v1;
const TYPES = {
  KEYWORD: IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
  INT: IndexedValueType.INDEXED_VALUE_TYPE_INT,
  DATETIME: IndexedValueType.INDEXED_VALUE_TYPE_DATETIME,
} as const;

/** How long closed workflows can be looked at; a namespace that somebody else made keeps its own value. */
const RETENTION_MS = 30 * 24 * 60 * 60 * 1000;
const USABLE_WITHIN_MS = 30_000;
const LOOK_EVERY_MS = 100;

// gRPC codes.
const NOT_FOUND = 5;
const ALREADY_EXISTS = 6;
const INVALID_ARGUMENT = 3;

export interface TemporalSetup {
  readonly namespaceMade: boolean;
  /** The search attributes that were not there. */
  readonly registered: readonly string[];
}

/**
 * Makes the namespace where it is missing, registers our search attributes in it and waits until they can be used:
 * earlier a start with one would fail. Repeatable, and safe while workers run.
 */
export async function setUpTemporal(connection: Connection, namespace: string): Promise<TemporalSetup> {
  const namespaceMade = await ensureNamespace(connection, namespace);
  const names = Object.keys(SEARCH_ATTRIBUTES);
  const known = await untilUsable(() => connection.operatorService.listSearchAttributes({ namespace }));
  const missing = Object.entries(SEARCH_ATTRIBUTES).filter(
    ([name]) => known.customAttributes?.[name] === undefined,
  );
  if (missing.length > 0) {
    await connection.operatorService.addSearchAttributes({
      namespace,
      searchAttributes: Object.fromEntries(missing.map(([name, type]) => [name, TYPES[type]])),
    });
  }
  assertTypes(known.customAttributes ?? {});
  // A query with them takes the same way as a start: through the namespace's own list of names.
  const query = names.map((name) => `${name} IS NOT NULL`).join(' OR ');
  await untilUsable(() => connection.workflowService.countWorkflowExecutions({ namespace, query }));
  return { namespaceMade, registered: missing.map(([name]) => name) };
}

async function ensureNamespace(connection: Connection, namespace: string): Promise<boolean> {
  try {
    await connection.workflowService.describeNamespace({ namespace });
    return false;
  } catch (error) {
    if (codeOf(error) !== NOT_FOUND) throw error;
  }
  try {
    await connection.workflowService.registerNamespace({
      namespace,
      workflowExecutionRetentionPeriod: msToTs(RETENTION_MS),
    });
    return true;
  } catch (error) {
    if (codeOf(error) === ALREADY_EXISTS) return false;
    throw error;
  }
}

function assertTypes(known: Readonly<Record<string, unknown>>): void {
  for (const [name, type] of Object.entries(SEARCH_ATTRIBUTES)) {
    const there = known[name];
    if (there !== undefined && there !== TYPES[type]) {
      throw new Error(
        `the search attribute ${name} is registered with another type than ${type}: remove it first`,
      );
    }
  }
}

/** Every part of the server knows a new namespace or attribute within seconds. */
async function untilUsable<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
  const deadlineMs = Date.now() + USABLE_WITHIN_MS;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      const code = codeOf(error);
      if ((code !== NOT_FOUND && code !== INVALID_ARGUMENT) || Date.now() > deadlineMs) throw error;
    }
    await sleep(LOOK_EVERY_MS);
  }
}

const codeOf = (error: unknown): number | undefined => (isGrpcServiceError(error) ? error.code : undefined);

/** Why there is no sweep; null where a PSP can be asked. */
function sweepOff(isEnabled: boolean, env: NodeJS.ProcessEnv): string | null {
  if (!isEnabled) return 'RECONCILE_WORKER_ENABLED is false';
  return env['HYPERSWITCH_API_KEY'] ? null : 'no PSP key is configured (HYPERSWITCH_API_KEY)';
}

async function tellNamespace(connection: Connection, namespace: string): Promise<void> {
  if (!process.env['DATABASE_URL']) {
    console.log('DATABASE_URL is not set: the first sweep learns by itself which namespace this is');
    return;
  }
  const { DATABASE_URL } = readVariables(process.env, ['DATABASE_URL']);
  const database = openDatabase(DATABASE_URL, { maxConnections: 1 });
  try {
    const known = await keepNamespaceId(database.db, connection, namespace);
    if (known === 'rebuilt') {
      console.log('this is not the Temporal that the rows know: the next sweep restarts all open work');
    }
  } finally {
    await database.close();
  }
}

async function main(): Promise<void> {
  const config = readVariables(process.env, [
    'TEMPORAL_NAMESPACE',
    'TEMPORAL_TASK_QUEUE',
    'TEMPORAL_BILLING_TASK_QUEUE',
    'TEMPORAL_PEOPLE_TASK_QUEUE',
    'BILLING_TIME_SCALE',
    'RECONCILE_INTERVAL',
    'RECONCILE_WORKER_ENABLED',
    'UPKEEP_INTERVAL',
  ]);
  const namespace = config.TEMPORAL_NAMESPACE;
  const { connection, client } = await connectTemporal(process.env);
  try {
    const { namespaceMade, registered } = await setUpTemporal(connection, namespace);
    if (namespaceMade) console.log(`made the namespace ${namespace}`);
    console.log(
      registered.length > 0
        ? `registered in ${namespace}: ${registered.join(', ')}`
        : `nothing to register: ${namespace} has every search attribute`,
    );
    const off = sweepOff(config.RECONCILE_WORKER_ENABLED, process.env);
    const schedule = await ensureSweepSchedule(client, {
      taskQueue: config.TEMPORAL_TASK_QUEUE,
      everyMs: config.RECONCILE_INTERVAL,
      off,
    });
    const isPaused = schedule === 'made' && off !== null;
    console.log(`${schedule} the schedule reconcile${isPaused ? `, paused: ${off}` : ''}`);
    const revenue = await ensureRevenueSchedule(client, {
      taskQueue: config.TEMPORAL_BILLING_TASK_QUEUE,
      timeScale: config.BILLING_TIME_SCALE,
    });
    console.log(`${revenue} the schedule revenue`);
    const mails = await ensureMailsSchedule(client, { taskQueue: config.TEMPORAL_PEOPLE_TASK_QUEUE });
    console.log(`${mails} the schedule mails`);
    const deletions = await ensureDeletionsSchedule(client, {
      taskQueue: config.TEMPORAL_PEOPLE_TASK_QUEUE,
    });
    console.log(`${deletions} the schedule deletions`);
    const upkeep = await ensureUpkeepSchedule(client, {
      taskQueue: config.TEMPORAL_PEOPLE_TASK_QUEUE,
      everyMs: config.UPKEEP_INTERVAL,
    });
    console.log(`${upkeep} the schedule upkeep`);
    await tellNamespace(connection, namespace);
  } finally {
    await connection.close();
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main().catch(fail);
