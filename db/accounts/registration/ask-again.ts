import { sql } from 'drizzle-orm';
import type { Tx } from '../../client.ts';
import { users } from '../schema.ts';
import { makeAccountToken } from '../tokens/make.ts';

/** A link, and where it goes. */
export interface LinkTo {
  readonly to: string;
  readonly token: string;
}

/** A new link to confirm an address. Null: nobody has it, or it is confirmed. */
export async function askForVerification(tx: Tx, email: string): Promise<LinkTo | null> {
  const user = await lockByEmail(tx, email);
  if (user === null || user.isVerified || user.status !== 'active') return null;
  const { token } = await makeAccountToken(tx, { userId: user.id, purpose: 'verify_email' });
  return { to: user.email, token };
}

/** A link to choose a new password. Null: nobody has this address. */
export async function askForReset(tx: Tx, email: string): Promise<LinkTo | null> {
  const user = await lockByEmail(tx, email);
  if (user === null || user.status === 'erasing' || user.status === 'erased') return null;
  const { token } = await makeAccountToken(tx, { userId: user.id, purpose: 'reset_password' });
  return { to: user.email, token };
}

async function lockByEmail(tx: Tx, email: string) {
  const [user] = await tx
    .select()
    .from(users)
    .where(sql`lower(${users.email}) = lower(${email})`)
    .for('update');
  return user ?? null;
}
