import { userSubject } from '../../../domain/accounts/index.ts';
import { VezaError } from '../../../domain/errors.ts';
import type { Tx } from '../../client.ts';
import { type Act, readClock, writeAuditLog } from '../../kernel/index.ts';
import type { AccountDeletion } from '../schema.ts';
import { lockLeaving } from './lock-leaving.ts';
import { transitionDeletion } from './transition.ts';

/**
 * Makes now the last day of somebody who leaves, as a court or a child asks for. Money is waited for all the same, and until the
 * erasing begins it may be undone. Where that day is over, it stays. Throws `deletion_held`, and what `lockLeaving` does.
 */
export async function eraseNow(tx: Tx, act: Act, userId: string): Promise<AccountDeletion> {
  const open = await lockLeaving(tx, userId);
  if (open.heldAt !== null) throw new VezaError('deletion_held', 'An operator holds it: release it first.');
  const now = new Date(await readClock(tx));
  if (open.finalAt <= now) return open;
  const due = await transitionDeletion(tx, open, open.status, {
    finalAt: now,
    // Nobody is reminded of days that they do not have.
    remindedAt: open.remindedAt ?? now,
  });
  await writeAuditLog(tx, act, {
    action: 'user.erase_now',
    subject: userSubject(userId),
    before: { deletionId: open.id, finalAt: open.finalAt },
    after: { finalAt: now },
  });
  return due;
}
