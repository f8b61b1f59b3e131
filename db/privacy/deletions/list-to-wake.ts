import { and, asc, gt, inArray, or, sql } from 'drizzle-orm';
import type { Db } from '../../client.ts';
import { readOpenMoney } from '../open-money.ts';
import { type AccountDeletion, accountDeletions } from '../schema.ts';

export type ToWake = Pick<AccountDeletion, 'id' | 'userId' | 'finalAt'> & {
  /** Its workflow is to look now; otherwise it is to run, and may have been lost. */
  readonly hasNews: boolean;
};

/**
 * Of the next open deletions those whose money has come to rest since they were looked at, and those that should be under way:
 * just asked for, or over their time. `next`: behind which to go on; null: none is left.
 */
export async function listToWake(
  db: Db,
  { after, limit }: { readonly after: string | null; readonly limit: number },
): Promise<{ readonly deletions: readonly ToWake[]; readonly next: string | null }> {
  const { id, status, requestedAt, finalAt } = accountDeletions;
  const rows = await db
    .select()
    .from(accountDeletions)
    .where(
      and(
        inArray(status, ['scheduled', 'waiting', 'erasing']),
        or(gt(requestedAt, sql`now() - interval '1 hour'`), sql`${finalAt} < now()`),
        after === null ? undefined : gt(id, after),
      ),
    )
    .orderBy(asc(id))
    .limit(limit);
  const deletions: ToWake[] = [];
  for (const row of rows) deletions.push({ ...row, hasNews: await hasNews(db, row) });
  return { deletions, next: rows.length < limit ? null : (rows.at(-1)?.id ?? null) };
}

async function hasNews(db: Db, deletion: AccountDeletion): Promise<boolean> {
  const { status, userId, waitsFor, heldAt, finalAt } = deletion;
  // An operator made its last day be now, past the engine.
  if (status === 'scheduled') return finalAt.getTime() < Date.now();
  if (status !== 'waiting') return false;
  // Its last mail is on its way, or an operator released it.
  if (waitsFor.length === 0) return true;
  if (waitsFor.includes('hold') !== (heldAt !== null)) return true;
  const open = await readOpenMoney(db, userId);
  const known = waitsFor.filter((wait) => wait !== 'hold');
  return open.join() !== known.join();
}
