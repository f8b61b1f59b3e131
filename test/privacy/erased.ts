import { eq } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { users } from '../../db/accounts/schema.ts';
import type { Db } from '../../db/client.ts';
import { accountDeletions } from '../../db/privacy/schema.ts';

/** Somebody who is being erased from now on. Returns the deletion's id. */
export async function beginErasing(db: Db, userId: string): Promise<string> {
  const id = uuidv7();
  await db.update(users).set({ status: 'erasing' }).where(eq(users.id, userId));
  const leaving = { status: 'erasing', keepPublicTracks: false, requestedBy: userId } as const;
  const now = new Date();
  await db.insert(accountDeletions).values({ id, userId, ...leaving, finalAt: now, erasingAt: now });
  return id;
}

export async function deletionRow(db: Db, id: string) {
  const [row] = await db.select().from(accountDeletions).where(eq(accountDeletions.id, id));
  if (row === undefined) throw new Error(`there is no deletion ${id}`);
  return row;
}
