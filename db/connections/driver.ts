import type postgres from 'postgres';
import type { StatementObserver } from './observer.ts';
import type { Line } from './line.ts';
import type { Lane, Pool } from './pool.ts';
import { DatabaseRefusal, withoutValues } from './refusal.ts';

type Rows = postgres.RowList<never[]>;
type Send = (text: string, values: unknown[], asArrays: boolean) => Promise<Rows>;
type InTransaction = (tx: Asked) => unknown;

/** The part of postgres.js's client that drizzle calls. */
interface Asked {
  readonly options: Pick<postgres.Sql['options'], 'parsers' | 'serializers'>;
  unsafe(text: string, values?: unknown[]): Statement;
  begin(run: InTransaction): Promise<unknown>;
  savepoint(run: InTransaction): Promise<unknown>;
}

/** Changes nothing if it runs outside the transaction; its locks end with it. */
const READS = /^\s*select\b/i;

/**
 * At the end of a statement that PostgreSQL refuses with a division by zero where it touches no row: nobody waits for it, and
 * the refusal is GuardMissed. PostgreSQL itself aborts the transaction, so no COMMIT behind it can keep the rest.
 */
export const ONE_ROW = '/* one row */';
const DIVISION_BY_ZERO = '22012';

/** Somebody else changed the row first. The caller reads it again and usually finds its work done. */
export class GuardMissed extends Error {
  override readonly name = 'GuardMissed';
}

const isGuarded = (text: string) => text.endsWith(ONE_ROW);

const whyFailed = (text: string, error: unknown): Error =>
  isGuarded(text) && error instanceof DatabaseRefusal && error.code === DIVISION_BY_ZERO
    ? new GuardMissed('a guarded write touched no row: its row has changed since it was read')
    : (error as Error);

const NO_ROWS = Object.assign([], { count: 0, command: '' }) as unknown as Rows;

/** A write whose answer nobody reads: the transaction does not wait for it. */
const isPlainWrite = (text: string) =>
  isGuarded(text) || (/^\s*(?:insert|update|delete)\b/i.test(text) && !/\breturning\b/i.test(text));

export interface DriverSettings {
  readonly pool: Pool;
  readonly lane: Lane;
  readonly types: Asked['options'];
  /** BEGIN, and behind a pooler the session's settings, which it may have dropped. */
  readonly begin: () => string;
  readonly observer: StatementObserver | undefined;
}

/** A statement is sent when it is awaited; it gives rows, or arrays after `values()`. */
class Statement implements PromiseLike<Rows> {
  readonly #send: (asArrays: boolean) => Promise<Rows>;

  constructor(send: (asArrays: boolean) => Promise<Rows>) {
    this.#send = send;
  }

  values(): Promise<Rows> {
    return this.#send(true);
  }

  // oxlint-disable-next-line unicorn/no-thenable -- drizzle awaits the statement itself
  then<Kept, Failed>(
    kept?: ((rows: Rows) => Kept | PromiseLike<Kept>) | null,
    failed?: ((why: unknown) => Failed | PromiseLike<Failed>) | null,
  ): Promise<Kept | Failed> {
    return this.#send(false).then(kept as never, failed);
  }
}

/** postgres.js as drizzle knows it, over lines of ours: each transaction holds one line, and dies with it. */
export function createDriver(settings: DriverSettings): postgres.Sql {
  const { pool, lane, types, observer } = settings;

  const statement =
    (send: Send) =>
    (text: string, values: unknown[] = []) =>
      new Statement((asArrays) => send(text, values, asArrays));

  /** Errors leave the database layer here, without values, also without those that drizzle would quote from `values`. */
  async function runOn(line: Line, text: string, values: unknown[], asArrays: boolean): Promise<Rows> {
    const ended = observer?.statement(text);
    try {
      const rows = await line.run(text, values, asArrays);
      ended?.();
      return rows;
    } catch (error) {
      const refusal = withoutValues(error);
      ended?.(refusal);
      values.length = 0;
      throw refusal;
    }
  }

  const alone: Send = async (text, values, asArrays) => {
    const line = await pool.take(lane);
    try {
      return await runOn(line, text, values, asArrays);
    } finally {
      pool.give(line);
    }
  };

  async function begin(run: InTransaction): Promise<unknown> {
    const transaction = observer?.transaction();
    try {
      const line = await pool.take(lane);
      transaction?.begun();
      try {
        return await inTransaction(line, run);
      } finally {
        pool.give(line);
      }
    } finally {
      transaction?.ended();
    }
  }

  async function inTransaction(line: Line, run: InTransaction): Promise<unknown> {
    const tell = (text: string) =>
      line.run(text, [], false).catch((error: unknown) => Promise.reject(withoutValues(error)));
    let isOver = false;
    let savepoints = 0;
    let failure: Error | undefined;
    // Writes that nobody waits for. Whether they failed is known with the next answer, at COMMIT's at the latest.
    const writes: Promise<unknown>[] = [];
    const written = async () => {
      await Promise.all(writes.splice(0));
      if (failure !== undefined) throw failure;
    };
    // Not awaited: a first statement that only reads goes out with it. If the BEGIN is refused, that one changed nothing.
    const begun = tell(settings.begin());
    begun.catch(() => undefined);
    const send: Send = async (text, values, asArrays) => {
      // The line belongs to another caller by then.
      if (isOver) throw new DatabaseRefusal('the transaction is over', '25P01', {});
      try {
        if (!READS.test(text)) await begun;
        const sent = runOn(line, text, values, asArrays);
        if (isPlainWrite(text)) {
          writes.push(sent.catch((error: unknown) => void (failure ??= whyFailed(text, error))));
          return NO_ROWS;
        }
        const [rows] = await Promise.all([sent, begun]);
        return rows;
      } catch (error) {
        // PostgreSQL refuses this one because an earlier one failed: that failure is the cause.
        await Promise.all(writes.splice(0));
        throw (failure ??= error as Error);
      }
    };
    const savepoint = async (inner: InTransaction): Promise<unknown> => {
      await written();
      const name = `s${(savepoints += 1)}`;
      await tell(`savepoint ${name}`);
      try {
        const result = await inner(asked);
        await written();
        return result;
      } catch (error) {
        await Promise.all(writes.splice(0));
        failure = undefined;
        if (line.isOpen) await tell(`rollback to ${name}`);
        throw error;
      }
    };
    const asked: Asked = { options: types, unsafe: statement(send), begin: savepoint, savepoint };
    let isCommitting = false;
    try {
      const result = await run(asked);
      isOver = true;
      await begun;
      isCommitting = true;
      const { command } = await tell('commit');
      await Promise.all(writes.splice(0));
      if (command === 'COMMIT') return result;
      // PostgreSQL rolls back at COMMIT after a failed statement whose error somebody swallowed.
      throw failure ?? new DatabaseRefusal('the transaction was rolled back', '25P02', {});
    } catch (error) {
      isOver = true;
      await Promise.all(writes.splice(0));
      if (line.isOpen && !isCommitting) await rollBack(line);
      throw error;
    }
  }

  return { options: types, unsafe: statement(alone), begin, savepoint: begin } as unknown as postgres.Sql;
}

/** The caller gets the earlier error; if even ROLLBACK fails, the line is cut. */
async function rollBack(line: Line): Promise<void> {
  try {
    await line.run('rollback', [], false);
  } catch {
    await line.close();
  }
}
