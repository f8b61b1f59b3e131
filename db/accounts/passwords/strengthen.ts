import { and, eq } from 'drizzle-orm';
import type { Db } from '../../client.ts';
import { users } from '../schema.ts';

/** Puts a stronger hash of the same password in the place of a weaker one, unless the password has changed since. */
export async function strengthenHash(
  db: Db,
  userId: string,
  { weak, strong }: { readonly weak: string; readonly strong: string },
): Promise<void> {
  await db
    .update(users)
    .set({ passwordHash: strong })
    .where(and(eq(users.id, userId), eq(users.passwordHash, weak)));
}
