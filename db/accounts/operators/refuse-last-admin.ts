import { and, eq, ne, sql } from 'drizzle-orm';
import { VezaError } from '../../../domain/errors.ts';
import type { Tx } from '../../client.ts';
import { users } from '../schema.ts';
import { accountTokens } from '../tokens/schema.ts';
import type { Account } from '../lock-account.ts';

/** They were invited, and have chosen no password yet: nobody comes in by that account. */
const isInvited = sql`(${users.passwordHash} IS NULL AND EXISTS (
  SELECT 1 FROM ${accountTokens}
  WHERE ${accountTokens.userId} = ${users.id} AND ${accountTokens.purpose} = 'invitation'
))`;

/**
 * Throws `last_admin` where nobody else is an admin whose account is open and who has accepted. Two who leave at once wait for each other here: the
 * second one sees that the first has gone.
 */
export async function refuseLastAdmin(tx: Tx, { id, role }: Account): Promise<void> {
  if (role !== 'admin') return;
  await tx.execute(sql`SELECT pg_advisory_xact_lock(hashtextextended('an admin leaves', 0))`);
  const [other] = await tx
    .select({ id: users.id })
    .from(users)
    .where(and(eq(users.role, 'admin'), eq(users.status, 'active'), ne(users.id, id), sql`NOT ${isInvited}`))
    .limit(1);
  if (other === undefined) throw new VezaError('last_admin', 'No other admin would be left.');
}
