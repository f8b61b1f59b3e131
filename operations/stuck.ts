import { listWork, type WorkFilter, type WorkRow } from '../db/operators/index.ts';
import type { OperationsDeps } from './deps.ts';
import { STUCK } from './index.ts';
import type { ActionAsk } from './row-kind.ts';

export interface StuckItem extends WorkRow {
  /** What happens next without a person, and what it waits for. */
  readonly next: string;
  readonly actions: readonly ActionAsk[];
}

/** What is stuck and what needs a person, the oldest first. */
export async function listStuck(
  { db }: Pick<OperationsDeps, 'db'>,
  filter: WorkFilter,
  page: { readonly limit: number; readonly offset?: number },
): Promise<StuckItem[]> {
  const rows = await listWork(db, filter, page);
  return rows.map((row) => ({
    ...row,
    next: STUCK[row.kind].next(row),
    actions: STUCK[row.kind].actions(row),
  }));
}
