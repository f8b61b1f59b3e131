import { userSubject } from '../../../domain/accounts/index.ts';
import type { Tx } from '../../client.ts';
import { type Act, writeAuditLog } from '../../kernel/index.ts';
import type { AccountDeletion } from '../schema.ts';
import { lockLeaving } from './lock-leaving.ts';
import { transitionDeletion } from './transition.ts';

/** An operator lets a deletion go on. Released before, it stays so. Throws what `lockLeaving` does. */
export async function releaseHold(tx: Tx, act: Act, userId: string): Promise<AccountDeletion> {
  const open = await lockLeaving(tx, userId);
  if (open.heldAt === null) return open;
  const released = await transitionDeletion(tx, open, open.status, {
    heldAt: null,
    waitsFor: open.waitsFor.filter((wait) => wait !== 'hold'),
  });
  await writeAuditLog(tx, act, {
    action: 'user.hold_release',
    subject: userSubject(userId),
    before: { deletionId: open.id, heldAt: open.heldAt },
    after: { heldAt: null },
  });
  return released;
}
