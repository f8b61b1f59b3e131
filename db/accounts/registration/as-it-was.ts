import { eq } from 'drizzle-orm';
import type { Tx } from '../../client.ts';
import type { User } from '../read-user.ts';
import { users } from '../schema.ts';

/**
 * Locks an account that was read without a lock, before a mail. False where it has changed since in what links are about: a changed
 * password or address ends the links of before, also one that was on its way.
 */
export async function lockAsItWas(tx: Tx, was: User): Promise<boolean> {
  const [user] = await tx.select().from(users).where(eq(users.id, was.id)).for('no key update');
  return (
    user !== undefined &&
    user.email === was.email &&
    user.passwordHash === was.passwordHash &&
    user.isVerified === was.isVerified &&
    user.status === was.status
  );
}
