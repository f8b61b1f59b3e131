import type { RowCursor, RowsOver } from '../../db/kernel/index.ts';
import { forgetRowsOver, listRowsOver, readClock, removeRowsOver } from '../../db/kernel/index.ts';
import { isUnavailable } from '../../db/unavailable.ts';
import type { UpkeepLook } from '../../domain/upkeep/index.ts';
import type { UpkeepDeps } from './deps.ts';

export interface PartAsk {
  /** By the database's clock, ISO 8601: what is over later is left to the next upkeep. */
  readonly by: string;
  readonly after: string | null;
  readonly limit: number;
}

/** Rows of one kind that a phase looks at. A subject's parts stand in the register of phases. */
export interface Part {
  /** What a row is that was done: reports count by it. */
  readonly name: string;
  /** Looks at the next rows. `next`: behind which to go on; null where there are no more. */
  take(deps: UpkeepDeps, ask: PartAsk): Promise<{ looks: readonly UpkeepLook[]; next: string | null }>;
}

export const done = (why: string): UpkeepLook => ({ what: 'done', why });
export const left = (why: string): UpkeepLook => ({ what: 'left', why });

/** Rows that are over, each looked at by itself. */
export const eachRowOver = (
  name: string,
  rowsOf: (deps: UpkeepDeps) => RowsOver | null,
  lookAt: (deps: UpkeepDeps, key: string, rows: RowsOver, by: string) => Promise<UpkeepLook>,
): Part => ({
  name,
  async take(deps, ask) {
    const rows = rowsOf(deps);
    if (rows === null) return { looks: [], next: null };
    const { keys, next } = await listed(deps, rows, ask);
    const looks: UpkeepLook[] = [];
    for (const key of keys) {
      looks.push(await lookAt(deps, key, rows, ask.by).catch((error: unknown) => leftBy(deps, name, error)));
    }
    return { looks, next };
  },
});

/** Rows that are over, and are simply removed. */
export const removedRowsOver = (rows: RowsOver): Part =>
  rowsTogether(
    rows.table,
    () => rows,
    ({ db }, over, asked) => removeRowsOver(db, over, asked),
  );

/** Rows of which it is over where somebody called from, and that simply forget it. */
export const forgottenRowsOver = (table: string, rowsOf: (deps: UpkeepDeps) => RowsOver): Part =>
  rowsTogether(table, rowsOf, ({ db }, over, asked) => forgetRowsOver(db, over, asked));

/** Rows that are changed together, or one by one where one of them cannot be. `change` returns the keys of what it changed. */
const rowsTogether = (
  name: string,
  rowsOf: (deps: UpkeepDeps) => RowsOver,
  change: (
    deps: UpkeepDeps,
    rows: RowsOver,
    asked: { readonly by: string; readonly keys: readonly string[] },
  ) => Promise<readonly string[]>,
): Part => ({
  name,
  async take(deps, ask) {
    const rows = rowsOf(deps);
    const { keys, next } = await listed(deps, rows, ask);
    if (keys.length === 0) return { looks: [], next };
    const changeSome = async (some: readonly string[]): Promise<readonly UpkeepLook[]> => {
      const changed = new Set(await change(deps, rows, { by: ask.by, keys: some }));
      return some.map((key) => (changed.has(key) ? done(name) : left('in_use')));
    };
    const together = await changeSome(keys).catch(() => null);
    if (together !== null) return { looks: together, next };
    const looks: UpkeepLook[] = [];
    for (const key of keys) {
      const look = changeSome([key]).catch((error: unknown) => leftBy(deps, name, error));
      looks.push(...[await look].flat());
    }
    return { looks, next };
  },
});

async function listed({ db }: UpkeepDeps, rows: RowsOver, { by, after, limit }: PartAsk) {
  const cursor = after === null ? null : (JSON.parse(after) as RowCursor);
  const found = await listRowsOver(db, rows, { by, after: cursor, limit });
  const last = found.at(-1);
  const next = last === undefined || found.length < limit ? null : JSON.stringify(last);
  return { keys: found.map(({ key }) => key), next };
}

/** A row that cannot be looked at stays. Where the database is away, the batch is taken again: then this throws. */
export async function leftBy({ db, log }: UpkeepDeps, part: string, error: unknown): Promise<UpkeepLook> {
  if (isUnavailable(error)) await readClock(db);
  log.error({ part, err: error }, 'upkeep: a row could not be looked at');
  return left('error');
}
