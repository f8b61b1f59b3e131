import { sql } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { userSubject } from '../../../domain/accounts/index.ts';
import { VezaError } from '../../../domain/errors.ts';
import type { Db } from '../../client.ts';
import { type Act, writeAuditLog } from '../../kernel/index.ts';
import { users } from '../schema.ts';
import { tellAccount } from '../tell-account.ts';
import { makeAccountToken } from '../tokens/make.ts';

export interface Invited {
  readonly userId: string;
  /** In the answer alone. */
  readonly token: string;
  readonly expiresAt: Date;
}

/**
 * Makes an admin who has no password yet, and the token by which they choose one; an admin who never did gets another, and the
 * older one is dead. Whoever asks vouches for the address: it counts as confirmed, so nobody can register it meanwhile and
 * wait for its owner to confirm. `linkOf` makes the link of a mail that goes to the address; null: none does. Throws `account_exists` where somebody else has it, or its admin has a password.
 */
export const inviteAdmin = (
  db: Db,
  { email, linkOf }: { readonly email: string; readonly linkOf: ((token: string) => string) | null },
  act: Act,
): Promise<Invited> =>
  db.transaction(async (tx) => {
    const id = uuidv7();
    const [made] = await tx
      .insert(users)
      .values({ id, email, role: 'admin', isVerified: true })
      .onConflictDoNothing()
      .returning();
    if (made !== undefined) {
      const after = { role: 'admin' };
      await writeAuditLog(tx, act, { action: 'user.role', subject: userSubject(id), before: null, after });
    }
    const user =
      made ??
      (
        await tx
          .select()
          .from(users)
          .where(sql`lower(${users.email}) = lower(${email})`)
          .for('no key update')
      )[0];
    if (user?.role !== 'admin' || user.status !== 'active' || user.passwordHash !== null) {
      throw new VezaError(
        'account_exists',
        'Somebody has this address already: two admins give the role, and a password is reset by mail.',
      );
    }
    const { id: userId } = user;
    const { token, expiresAt } = await makeAccountToken(tx, { userId, purpose: 'invitation' });
    const after = { expiresAt };
    await writeAuditLog(tx, act, {
      action: 'user.invite',
      subject: userSubject(userId),
      before: null,
      after,
    });
    if (linkOf !== null) {
      const params = { url: linkOf(token), expires_at: expiresAt.toISOString() };
      await tellAccount(tx, userId, { kind: 'invitation', params });
    }
    return { userId, token, expiresAt };
  });
