import { drizzle, type PostgresJsDatabase } from 'drizzle-orm/postgres-js';
import type { KeyRing } from '../domain/kernel/index.ts';
import { ARRAYS } from './connections/arrays.ts';
import { createDriver } from './connections/driver.ts';
import { CONNECTIONS_MAX, STATEMENT_TIMEOUT_MS } from './connections/limits.ts';
import { openLine } from './connections/line.ts';
import type { StatementObserver } from './connections/observer.ts';
import { type Lane, Pool } from './connections/pool.ts';
import { PreparedTexts } from './connections/prepared.ts';
import { keepRing } from './key-ring.ts';
import * as schema from './schema.ts';

export type Schema = typeof schema;
export type Db = PostgresJsDatabase<Schema>;
/** A transaction in progress: verbs that take one leave commit and rollback to the caller that opened it. */
export type Tx = Parameters<Parameters<Db['transaction']>[0]>[0];

export interface Database {
  readonly db: Db;
  /** The same rows for lists, seller statements and pages. However many of these run, some connections stay free for `db`. */
  readonly reads: Db;
  close(): Promise<void>;
}

export interface DatabaseSettings {
  /** The most connections of one process; its root may set another number. */
  readonly maxConnections?: number;
  /**
   * How long PostgreSQL lets one statement run; a statement waits for locks two thirds of that. Null: no limit, for
   * migrations and checks of the books.
   */
  readonly statementTimeoutMs?: number | null;
  readonly observer?: StatementObserver | undefined;
  /** What personal data is sealed under; see `ringOf`. */
  readonly personalKeys?: KeyRing | undefined;
}

/** `reads` never takes a quarter of the connections, at most this many. */
const KEPT_FOR_MONEY_MAX = 5;
const OPEN_WITHIN_MS = 5_000;
/** PostgreSQL's own timeout should answer first; this much later we give up. */
const ANSWER_GRACE_MS = 3_000;
const IDLE_MS = 60_000;
const LIFE_MS = 45 * 60_000;
const CLOSE_GRACE_MS = 5_000;
/** How long a caller waits for a connection while all are taken, also where statements have no limit. */
const WAIT_MS = 15_000;

/** Opens a pool; connects on first use. Its errors hold no value of a row or a parameter. */
export function openDatabase(
  url: string,
  {
    maxConnections = CONNECTIONS_MAX,
    statementTimeoutMs = STATEMENT_TIMEOUT_MS,
    observer,
    personalKeys,
  }: DatabaseSettings = {},
): Database {
  const limits = limitsOf(statementTimeoutMs);
  // The ORM fills these, and every new connection reads them.
  const types = { parsers: {}, serializers: { ...ARRAYS } };
  const prepared = new PreparedTexts();
  let session: Record<string, string | number> = { application_name: 'veza', ...limits };
  let begin = 'begin';
  // A pooler such as PgBouncer refuses or drops the settings of a session, and hands out another server for each
  // transaction: each BEGIN says the settings again, and nothing is prepared there.
  const behindPooler = () => {
    prepared.stop();
    begin = ['begin', ...Object.entries(limits).map(([name, value]) => `set local ${name} = ${value}`)].join(
      '; ',
    );
  };
  const open = async (onSilence: () => void) => {
    const settings = {
      url,
      openWithinMs: OPEN_WITHIN_MS,
      answerWithinMs: statementTimeoutMs === null ? null : statementTimeoutMs + ANSWER_GRACE_MS,
      types,
      prepared,
      onSilence,
    };
    try {
      const line = await openLine({ ...settings, session });
      if (statementTimeoutMs !== null && line.statementTimeoutMs !== statementTimeoutMs) behindPooler();
      return line;
    } catch (error) {
      if (!isRefusedSetting(error)) throw error;
      session = { application_name: 'veza' };
      behindPooler();
      return openLine({ ...settings, session });
    }
  };
  const pool = new Pool({
    max: maxConnections,
    keptForMoney: Math.min(KEPT_FOR_MONEY_MAX, Math.floor(maxConnections / 4)),
    waitMs: WAIT_MS,
    idleMs: IDLE_MS,
    lifeMs: LIFE_MS,
    open,
  });
  const through = (lane: Lane): Db =>
    keepRing(
      drizzle(createDriver({ pool, lane, types, begin: () => begin, observer }), {
        schema,
        casing: 'snake_case',
      }),
      personalKeys,
    );
  return {
    db: through('money'),
    reads: through('reads'),
    close: () => pool.close(CLOSE_GRACE_MS),
  };
}

/** The limits as PostgreSQL's settings, in milliseconds. */
function limitsOf(statementTimeoutMs: number | null): Record<string, number> {
  if (statementTimeoutMs === null) return {};
  return {
    statement_timeout: statementTimeoutMs,
    lock_timeout: Math.ceil((statementTimeoutMs * 2) / 3),
    idle_in_transaction_session_timeout: statementTimeoutMs,
  };
}

const REFUSED_SETTING = /unsupported startup parameter/;
const isRefusedSetting = (error: unknown) => error instanceof Error && REFUSED_SETTING.test(error.message);
