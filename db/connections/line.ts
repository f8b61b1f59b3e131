import type { Socket } from 'node:net';
import postgres from 'postgres';
import { DatabaseUnavailable } from '../unavailable.ts';
import { dial, type DialAt } from './dial.ts';
import type { PreparedTexts } from './prepared.ts';

export interface LineSettings {
  readonly url: string;
  /** Settings that the session begins with; empty behind a pooler that refuses to pass them on. */
  readonly session: Readonly<Record<string, string | number>>;
  /** A line that is not open within this time is given up. */
  readonly openWithinMs: number;
  /**
   * A statement without an answer within this time ends its line. Longer than PostgreSQL's own limit. Null: no limit.
   */
  readonly answerWithinMs: number | null;
  /** The driver's readers and writers of PostgreSQL's types, as the ORM wants them. */
  readonly types: Pick<postgres.Sql['options'], 'parsers' | 'serializers'>;
  /** Which statements are prepared by name; the lines of a process share it. */
  readonly prepared: PreparedTexts;
  /** Called when a statement had no answer in time. */
  readonly onSilence: () => void;
}

/** One connection to PostgreSQL, from dialling to its end; it is never opened again. */
export interface Line {
  readonly isOpen: boolean;
  readonly openedAtMs: number;
  /** The session's `statement_timeout`: another than we asked for behind a pooler that drops settings. 0: none. */
  readonly statementTimeoutMs: number;
  /** Sends a statement. Throws DatabaseUnavailable once the line has ended; nothing is sent again. */
  run(text: string, values: readonly unknown[], asArrays: boolean): Promise<postgres.RowList<never[]>>;
  /** Says goodbye. */
  close(): Promise<void>;
  /** Cuts the line: the outcome of unanswered statements stays unknown. */
  destroy(why: DatabaseUnavailable): void;
}

const GOODBYE_MAX_S = 5;
const READ_TIMEOUT = `select (extract(epoch from current_setting('statement_timeout')::interval) * 1000)::int as ms`;

/**
 * Uses the driver only for the protocol: one client has one connection, and both end together. postgres.js 3.4.9
 * reconnects within the object that an open transaction still holds: the transaction's next statement then runs
 * outside it and commits, or its ROLLBACK finds no socket and throws where nobody catches (porsager/postgres#1154,
 * #1155, #1208). And where the other side closes before it has sent anything, the driver dials again at once, without
 * end. So we hand it one connection, and never use a client again after its connection ends.
 */
export async function openLine(settings: LineSettings): Promise<Line> {
  const { url, openWithinMs, answerWithinMs, prepared } = settings;
  const pending = new Set<(why: unknown) => void>();
  let wire: Socket | null = null;
  let wasDialled = false;
  let ended: DatabaseUnavailable | null = null;

  const end = (why: DatabaseUnavailable) => {
    if (ended) return;
    ended = why;
    wire?.destroy();
    // The driver's own errors come first, where it has any: they say more.
    setImmediate(() => {
      for (const reject of pending) reject(why);
    });
  };
  const lateness = new DatabaseUnavailable(
    `PostgreSQL did not answer within ${openWithinMs} ms`,
    'CONNECT_TIMEOUT',
  );
  const dialling = new AbortController();
  const options = {
    max: 1,
    prepare: true,
    // The driver would send this query by itself, and nobody could catch its failure.
    fetch_types: false,
    connect_timeout: 0,
    idle_timeout: 0,
    max_lifetime: null,
    onnotice: () => {},
    onclose: () => end(new DatabaseUnavailable('the connection to PostgreSQL ended', 'CONNECTION_CLOSED')),
    connection: settings.session,
    async socket(at: DialAt) {
      if (wasDialled || ended) throw new DatabaseUnavailable('a line is dialled once', 'CONNECTION_CLOSED');
      wasDialled = true;
      try {
        wire = await dial(at, dialling.signal);
      } catch (error) {
        end(unreachable(error));
        throw error;
      }
      return wire;
    },
  };
  const sql = postgres(url, options as postgres.Options<Record<string, never>>);
  Object.assign(sql.options.parsers, settings.types.parsers);
  Object.assign(sql.options.serializers, settings.types.serializers);

  function run(text: string, values: readonly unknown[], asArrays: boolean, withinMs: number | null) {
    return new Promise<postgres.RowList<never[]>>((resolve, reject) => {
      if (ended) return reject(new DatabaseUnavailable(ended.message, ended.code));
      const late =
        withinMs === null
          ? undefined
          : setTimeout(() => {
              end(
                new DatabaseUnavailable(`no answer from PostgreSQL within ${withinMs} ms`, 'QUERY_TIMEOUT'),
              );
              settings.onSilence();
            }, withinMs);
      const settle = (how: () => void) => {
        clearTimeout(late);
        pending.delete(giveUp);
        how();
      };
      const giveUp = (why: unknown) => settle(() => reject(why));
      pending.add(giveUp);
      const query = sql.unsafe<never[]>(text, values as never[], {
        prepare: values.length > 0 && prepared.isPrepared(text),
      });
      // oxlint-disable-next-line typescript/no-floating-promises -- settled by both of its arms
      (asArrays ? query.values() : query).then(
        (rows) => settle(() => resolve(rows as never)),
        (error: unknown) => {
          // After any error that is not PostgreSQL's own, the driver's state is unknown.
          if (isRefusal(error)) prepared.sawRefusal(error.code);
          else end(unreachable(error));
          giveUp(error);
        },
      );
    });
  }

  let statementTimeoutMs = 0;
  const openLate = setTimeout(() => {
    dialling.abort(lateness);
    end(lateness);
  }, openWithinMs);
  try {
    // The first statement makes the driver connect.
    const [row] = await run(READ_TIMEOUT, [], false, null);
    statementTimeoutMs = Number((row as { ms: number } | undefined)?.ms);
  } catch (error) {
    end(unreachable(error));
    throw error;
  } finally {
    clearTimeout(openLate);
  }
  return {
    openedAtMs: performance.now(),
    statementTimeoutMs,
    get isOpen() {
      return ended === null;
    },
    run: (text, values, asArrays) => run(text, values, asArrays, answerWithinMs),
    async close() {
      if (ended) return;
      await sql.end({ timeout: GOODBYE_MAX_S });
      end(new DatabaseUnavailable('this process has closed its connection', 'CONNECTION_ENDED'));
    },
    destroy: end,
  };
}

/** PostgreSQL's own error for the statement; the connection can still be used. */
const isRefusal = (error: unknown): error is postgres.PostgresError =>
  error instanceof postgres.PostgresError && !['FATAL', 'PANIC'].includes(error.severity);

function unreachable(error: unknown): DatabaseUnavailable {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'CONNECTION_CLOSED';
  return new DatabaseUnavailable('the connection to PostgreSQL failed', code);
}
