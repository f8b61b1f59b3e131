import { eq } from 'drizzle-orm';
import type { Tx } from '../client.ts';
import { MissingRow } from '../kernel/index.ts';
import { users } from './schema.ts';

export type Account = typeof users.$inferSelect;

/** Throws `MissingRow`. */
export async function lockAccount(tx: Tx, userId: string): Promise<Account> {
  const [row] = await tx.select().from(users).where(eq(users.id, userId)).for('no key update');
  if (row === undefined) throw new MissingRow('user', userId);
  return row;
}
