import { readVariables } from '../config.ts';
import { openDatabase } from '../db/client.ts';
import { findSubject } from '../db/operators/index.ts';
import { readUserRole } from '../db/accounts/index.ts';
import type { Act } from '../db/kernel/index.ts';
import { VezaError } from '../domain/errors.ts';
import { personalKeysOf, writeSubject } from '../domain/kernel/index.ts';
import { createEngine } from '../engine/index.ts';
import { TASK_QUEUE_VARIABLES, taskQueuesOf } from '../engine/task-queues.ts';
import { createLogger } from '../log.ts';
import { type OperationsDeps, operationsSettings } from '../operations/deps.ts';
import { connectTemporal } from './connect-temporal.ts';
import { CannotRun, UsageError } from './usage.ts';

/** Runs a command that needs the database alone. */
export async function looking<T>(
  env: NodeJS.ProcessEnv,
  look: (deps: Pick<OperationsDeps, 'db'>) => Promise<T>,
): Promise<T> {
  const config = readVariables(env, ['DATABASE_URL', 'PERSONAL_DATA_KEYS', 'PERSONAL_DATA_KEY_ID']);
  const database = openDatabase(config.DATABASE_URL, {
    maxConnections: 2,
    personalKeys: personalKeysOf(config),
  });
  try {
    return await look({ db: database.db });
  } finally {
    await database.close();
  }
}

/** A key that is missing is named, without a stack. */
export function sayUnreadable(error: unknown): never {
  throw error instanceof VezaError ? new CannotRun(error.detail) : error;
}

/** Runs a command that acts: it needs the database and Temporal. */
export async function operating<T>(
  env: NodeJS.ProcessEnv,
  operate: (deps: OperationsDeps) => Promise<T>,
): Promise<T> {
  const config = readVariables(env, [
    ...TASK_QUEUE_VARIABLES,
    'FOUR_EYES_ABOVE_MINOR',
    'REFUND_FEE_POLICY',
    'SUBSCRIPTION_RENEWAL_GRACE',
    'SUBSCRIPTION_DUNNING',
    'SUBSCRIPTION_PAYMENT_TIMEOUT',
    'SUBSCRIPTION_RENEWAL_JITTER',
    'SUBSCRIPTION_QUOTE_TTL',
    'SUBSCRIPTION_MIN_CHARGE_MINOR',
    'SUBSCRIPTION_PHANTOM_AFTER',
    'SUBSCRIPTION_TRIAL_REMINDER',
    'SUBSCRIPTION_RENEWAL_REMINDER',
    'TRIAL_HASH_KEY',
    'DELETION_GRACE',
    'INVOICE_SERIES',
    'INVOICE_ISSUER',
    'BILLING_TIME_SCALE',
    'BILLING_TIME_START',
  ]);
  const { connection, client } = await connectTemporal(env).catch((error: unknown) => {
    throw new CannotRun(error instanceof Error ? error.message : String(error));
  });
  try {
    const engine = createEngine(client, taskQueuesOf(config));
    const settings = operationsSettings(config);
    // The command prints its answer, and the audit log has what happened, so nothing is logged here.
    const log = createLogger('silent');
    return await looking(env, ({ db }) => operate({ db, engine, log, settings }));
  } finally {
    await connection.close();
  }
}

interface Named {
  readonly actor?: string | undefined;
  readonly reason?: string | undefined;
}

/** The actor that a preview names; null: none. */
export const namedActor = (env: NodeJS.ProcessEnv, { actor }: Named) =>
  readVariables(actor === undefined ? env : { OPS_ACTOR: actor }, ['OPS_ACTOR']).OPS_ACTOR ?? null;

/** Who acts, and why: an admin that the database knows. */
export async function actorOf(
  { db }: Pick<OperationsDeps, 'db'>,
  env: NodeJS.ProcessEnv,
  { actor: given, reason }: Named,
): Promise<Act> {
  const actor = namedActor(env, { actor: given });
  if (actor === null) throw new UsageError('--actor: say who acts, by the id of an admin, or set OPS_ACTOR');
  const role = await readUserRole(db, actor);
  if (role !== 'admin') throw new CannotRun(`${actor} is no admin that this database knows`);
  return { actor, userAgent: 'npm run ops', ...(reason !== undefined && { reason }) };
}

/** Returns an option that has to be given. */
export function required(value: string | undefined, option: string, what: string): string {
  if (value === undefined || value.trim() === '') throw new UsageError(`${option}: expected ${what}`);
  return value.trim();
}

/** The row that an id names, as actions name it. */
export async function subjectOf({ db }: Pick<OperationsDeps, 'db'>, id: string): Promise<string> {
  const subject = await findSubject(db, id);
  if (subject === null) throw new CannotRun(`nothing is known by ${id}`);
  return writeSubject(subject);
}
