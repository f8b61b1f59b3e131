import { v7 as uuidv7 } from 'uuid';
import { userSubject } from '../../../domain/accounts/index.ts';
import { VezaError } from '../../../domain/errors.ts';
import { deletionWorkflowId } from '../../../domain/privacy/ids.ts';
import type { BillingTerms } from '../../../domain/subscriptions/index.ts';
import { closeLeaving, lockAccount, writeMail } from '../../accounts/index.ts';
import type { Tx } from '../../client.ts';
import { type Act, lockNamed, readClock, writeAuditLog } from '../../kernel/index.ts';
import { closingParts } from '../closing-parts.ts';
import { readLastRefundDeadline } from '../open-money.ts';
import { type AccountDeletion, accountDeletions } from '../schema.ts';
import { lockOpenDeletion } from './open-deletion.ts';

export interface Leaving {
  readonly userId: string;
  readonly keepPublicTracks: boolean;
  /** The person, an admin, or `system`. */
  readonly requestedBy: string;
  /** For how long it can be taken back at least. */
  readonly graceMs: number;
  readonly terms: BillingTerms;
}

/**
 * Closes an account at once, and says when its person is erased. Done before, it stays as it was. Throws `user_not_found`,
 * `last_admin`, and `account_closing` where the erasing has begun.
 */
export async function closeAccount(tx: Tx, act: Act, leaving: Leaving): Promise<AccountDeletion> {
  const { userId, keepPublicTracks, requestedBy, graceMs, terms } = leaving;
  const user = await lockNamed(tx, 'user', userId, lockAccount);
  const before = await lockOpenDeletion(tx, userId);
  if (before !== null && before.status !== 'erasing') return before;
  if (user.status !== 'active' && user.status !== 'disabled')
    throw new VezaError('account_closing', 'Its person is being erased, or was.');
  await closeLeaving(tx, user, act);
  const hidden: Record<string, readonly string[]> = {};
  for (const part of closingParts(terms)) hidden[part.name] = await part.hide(tx, act, userId);
  const requestedAt = new Date(await readClock(tx));
  const lastDeadline = await readLastRefundDeadline(tx, userId);
  const finalAt = new Date(Math.max(requestedAt.getTime() + graceMs, lastDeadline?.getTime() ?? 0));
  const [made] = await tx
    .insert(accountDeletions)
    .values({ id: uuidv7(), userId, keepPublicTracks, requestedBy, requestedAt, finalAt, hidden })
    .returning();
  if (made === undefined) throw new Error('the deletion was not inserted');
  await writeAuditLog(tx, act, {
    action: 'user.deletion_request',
    subject: userSubject(userId),
    before: { status: user.status },
    after: { status: 'closing', deletionId: made.id, finalAt, keepPublicTracks },
  });
  await writeMail(tx, {
    userId,
    kind: 'deletion_scheduled',
    subject: `${deletionWorkflowId(userId)}/${made.id}`,
    params: { final_at: finalAt.toISOString(), keeps_public_tracks: keepPublicTracks },
  });
  return made;
}
