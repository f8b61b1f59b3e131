import { and, desc, eq, inArray } from 'drizzle-orm';
import type { Db, Tx } from '../../client.ts';
import { type AccountDeletion, accountDeletions } from '../schema.ts';

/** The newest deletion of a person, whatever became of it. */
export async function readDeletion(db: Db, userId: string): Promise<AccountDeletion | null> {
  const [row] = await db
    .select()
    .from(accountDeletions)
    .where(eq(accountDeletions.userId, userId))
    .orderBy(desc(accountDeletions.requestedAt), desc(accountDeletions.id))
    .limit(1);
  return row ?? null;
}

/** The one that is open, locked; null: there is none. The account must be locked. */
export async function lockOpenDeletion(tx: Tx, userId: string): Promise<AccountDeletion | null> {
  const [row] = await tx
    .select()
    .from(accountDeletions)
    .where(
      and(
        eq(accountDeletions.userId, userId),
        inArray(accountDeletions.status, ['scheduled', 'waiting', 'erasing']),
      ),
    )
    .for('no key update');
  return row ?? null;
}
