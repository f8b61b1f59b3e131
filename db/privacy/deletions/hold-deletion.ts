import { userSubject } from '../../../domain/accounts/index.ts';
import type { Tx } from '../../client.ts';
import { type Act, readClock, writeAuditLog } from '../../kernel/index.ts';
import type { AccountDeletion } from '../schema.ts';
import { lockLeaving } from './lock-leaving.ts';
import { transitionDeletion } from './transition.ts';

/** An operator holds a deletion: nothing is erased until it is released. Held before, it stays so. Throws what `lockLeaving` does. */
export async function holdDeletion(tx: Tx, act: Act, userId: string): Promise<AccountDeletion> {
  const open = await lockLeaving(tx, userId);
  if (open.heldAt !== null) return open;
  const held = await transitionDeletion(tx, open, open.status, { heldAt: new Date(await readClock(tx)) });
  await writeAuditLog(tx, act, {
    action: 'user.hold',
    subject: userSubject(userId),
    before: { heldAt: null },
    after: { deletionId: held.id, heldAt: held.heldAt },
  });
  return held;
}
