import { eq } from 'drizzle-orm';
import type { Db, Tx } from '../client.ts';
import { users } from './schema.ts';

/** A user's role as we hold it, or null for somebody unknown. */
export async function readUserRole(db: Db | Tx, userId: string) {
  const [user] = await db.select({ role: users.role }).from(users).where(eq(users.id, userId));
  return user?.role ?? null;
}
