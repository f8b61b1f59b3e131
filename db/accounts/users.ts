import { eq } from 'drizzle-orm';
import { VezaError } from '../../domain/errors.ts';
import type { Caller, Role } from '../../domain/accounts/roles.ts';
import type { Db, Tx } from '../client.ts';
import { users } from './schema.ts';

/** A user's role as we hold it, or null for somebody unknown. */
export async function readUserRole(db: Db | Tx, userId: string) {
  const [user] = await db.select({ role: users.role }).from(users).where(eq(users.id, userId));
  return user?.role ?? null;
}

/**
 * The caller with the role that the row has now: a token keeps naming the role at its signing. Throws
 * `unauthenticated` where the database does not know the user.
 */
export async function readCaller(db: Db | Tx, userId: string): Promise<Caller> {
  return asCaller(userId, await readUserRole(db, userId));
}

/** Throws `unauthenticated` where there is no role, so no user. */
export function asCaller(userId: string, role: Role | null): Caller {
  if (role === null) throw new VezaError('unauthenticated', `There is no user ${userId}.`);
  return { userId, role };
}
