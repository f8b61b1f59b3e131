import { and, eq } from 'drizzle-orm';
import { USER, type UserStatus } from '../../domain/accounts/user-machine.ts';
import type { Tx } from '../client.ts';
import { assertTransition, transitionedOrStale } from '../kernel/index.ts';
import { users } from './schema.ts';

type User = typeof users.$inferSelect;

/** Changes the status of an account, or its fields in the same status; the only code that writes the status. */
export async function transitionUser(
  tx: Tx,
  user: Pick<User, 'id' | 'status'>,
  to: UserStatus,
  set: Partial<Omit<User, 'id' | 'status'>> = {},
): Promise<User> {
  assertTransition(USER, user, to);
  const rows = await tx
    .update(users)
    .set({ ...set, status: to })
    .where(and(eq(users.id, user.id), eq(users.status, user.status)))
    .returning();
  return transitionedOrStale(rows, USER, user, to);
}
