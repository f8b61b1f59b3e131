import { eq } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { userSubject } from '../../../domain/accounts/index.ts';
import { VezaError } from '../../../domain/errors.ts';
import type { Tx } from '../../client.ts';
import { type Act, lockNamed, writeAuditLog } from '../../kernel/index.ts';
import { backupCodes, twoFactors } from '../second-factor/schema.ts';
import { endSessions } from '../sessions/end.ts';
import { endWaysIn } from '../sessions/end-ways-in.ts';
import { writeMail } from '../write-mail.ts';
import { type Account, lockAccount } from '../lock-account.ts';

/**
 * Admins take the second factor from somebody who lost their device and their codes: their sessions end, and they are told by
 * mail. Throws `user_not_found` and `two_factor_is_off`.
 */
export async function resetSecondFactor(tx: Tx, userId: string, act: Act): Promise<Account> {
  const user = await lockNamed(tx, 'user', userId, lockAccount);
  const [removed] = await tx.delete(twoFactors).where(eq(twoFactors.userId, userId)).returning();
  if (removed === undefined || removed.confirmedAt === null) {
    throw new VezaError('two_factor_is_off', 'No second factor guards the account.');
  }
  await tx.delete(backupCodes).where(eq(backupCodes.userId, userId));
  await endWaysIn(tx, userId);
  const sessionIds = await endSessions(tx, { userId }, 'two_factor_changed');
  const subject = userSubject(userId);
  await writeMail(tx, { kind: 'two_factor_off', params: {}, userId, subject: `${subject}/${uuidv7()}` });
  await writeAuditLog(tx, act, {
    action: 'user.two_factor_off',
    subject,
    before: { confirmedAt: removed.confirmedAt },
    after: { sessionIds },
  });
  return user;
}
