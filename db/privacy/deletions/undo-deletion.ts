import { userSubject } from '../../../domain/accounts/index.ts';
import { VezaError } from '../../../domain/errors.ts';
import { deletionWorkflowId } from '../../../domain/privacy/ids.ts';
import type { BillingTerms } from '../../../domain/subscriptions/index.ts';
import { lockAccount, openStaying, writeMail } from '../../accounts/index.ts';
import type { Tx } from '../../client.ts';
import { type Act, clearFlags, lockNamed, readClock, writeAuditLog } from '../../kernel/index.ts';
import { closingParts } from '../closing-parts.ts';
import type { AccountDeletion } from '../schema.ts';
import { lockOpenDeletion, readDeletion } from './open-deletion.ts';
import { transitionDeletion } from './transition.ts';

/**
 * Takes a leaving back, and shows again what it hid; sessions, keys and the subscription stay ended. Done before, it stays so.
 * Throws `user_not_found`, `deletion_not_found`, and `deletion_final` where the erasing has begun.
 */
export async function undoDeletion(
  tx: Tx,
  act: Act,
  { userId, terms }: { readonly userId: string; readonly terms: BillingTerms },
): Promise<AccountDeletion> {
  const user = await lockNamed(tx, 'user', userId, lockAccount);
  const open = await lockOpenDeletion(tx, userId);
  if (open === null) {
    const last = await readDeletion(tx, userId);
    if (last?.status === 'undone') return last;
    throw new VezaError('deletion_not_found', 'The account is not being closed.');
  }
  if (open.status === 'erasing') throw new VezaError('deletion_final', 'The erasing has begun.');
  const subject = deletionWorkflowId(userId);
  const undone = await transitionDeletion(tx, open, 'undone', {
    undoneAt: new Date(await readClock(tx)),
    waitsFor: [],
    heldAt: null,
  });
  const { status } = await openStaying(tx, user);
  for (const part of closingParts(terms)) await part.restore(tx, act, userId, idsOf(open.hidden[part.name]));
  await clearFlags(tx, 'deletion_waits', subject);
  await writeAuditLog(tx, act, {
    action: 'user.deletion_undo',
    subject: userSubject(userId),
    before: { status: user.status, deletionId: open.id },
    after: { status },
  });
  await writeMail(tx, { userId, kind: 'deletion_undone', subject: `${subject}/${open.id}`, params: {} });
  return undone;
}

const idsOf = (hidden: unknown): readonly string[] =>
  Array.isArray(hidden) ? hidden.filter((id) => typeof id === 'string') : [];
