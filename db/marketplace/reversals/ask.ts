import { keyGeneration } from '../../../domain/kernel/index.ts';
import { reversalKey } from '../../../domain/marketplace/ids.ts';
import type { TransferStatus } from '../../../domain/marketplace/transfer-machine.ts';
import type { Db } from '../../client.ts';
import { transitionReversalUnread } from './transition.ts';
import type { Reversal, Transfer } from '../transfers/schema.ts';
import { readPredecessors } from './chain.ts';
import { endReversal } from './end.ts';
import { lockReversal } from '../lock.ts';
import { coverFromSuspense } from './record-outside.ts';

export type ReversalClaim =
  /** Ask Stripe with exactly these values. Key and time are committed. */
  | {
      readonly kind: 'ask';
      readonly transfer: Transfer;
      readonly reversal: Reversal;
      readonly stripeTransferId: string;
      readonly amountMinor: number;
      readonly idempotencyKey: string;
      readonly askedAtMs: number;
      /** Rows that this one replaced; their reversals at Stripe are ours too. */
      readonly predecessors: readonly string[];
    }
  | { readonly kind: 'not_due'; readonly reversal: Reversal; readonly dueAtMs: number }
  | { readonly kind: 'ended'; readonly reversal: Reversal };

const TAKEN_BACK: readonly TransferStatus[] = ['reversal_pending', 'permanently_failed', 'settled_outside'];

/**
 * Commits the key of the next call to Stripe before anything is sent. The row's key stays, unless the row or
 * `spentKey` says that it did nothing and can do nothing any more. `now` forces an attempt that is not due yet.
 */
export async function askReversal(
  db: Db,
  {
    reversalId,
    now,
    spentKey,
  }: { readonly reversalId: string; readonly now: boolean; readonly spentKey?: string },
): Promise<ReversalClaim> {
  return db.transaction(async (tx) => {
    let { transfer, reversal } = await lockReversal(tx, reversalId);
    if (reversal.status !== 'pending') return { kind: 'ended', reversal };
    // Only money that went out can be taken back. A transfer is `permanently_failed` when an earlier reversal of it
    // failed. Money that was settled outside went out too, and ends below: it has no Stripe id.
    if (!TAKEN_BACK.includes(transfer.status)) {
      return { kind: 'ended', reversal };
    }
    const { stripeTransferId } = transfer;
    if (!stripeTransferId) {
      const message = 'the transfer has no Stripe id: there is nothing to reverse at Stripe';
      return { kind: 'ended', reversal: await endReversal(tx, transfer, reversal, { failed: message }) };
    }
    const dueAtMs = reversal.nextRetryAt?.getTime() ?? 0;
    if (!now && dueAtMs > Date.now()) return { kind: 'not_due', reversal, dueAtMs };
    // Another attempt may have taken a new key since, and that key may still do something.
    const isSpent = spentKey !== undefined && spentKey === reversal.idempotencyKey;
    const needsNewKey = isSpent || reversal.needsNewKey;
    if (reversal.askedAt !== null && needsNewKey) {
      // The old key can do nothing any more, so the new call leaves out what others took back since.
      await coverFromSuspense(tx, transfer.id, reversal.id);
      ({ transfer, reversal } = await lockReversal(tx, reversalId));
      if (reversal.status !== 'pending') return { kind: 'ended', reversal };
    }
    const known = keyGeneration(reversal.idempotencyKey);
    const asked =
      reversal.idempotencyKey !== null && reversal.askedAt !== null && !needsNewKey
        ? reversal
        : await transitionReversalUnread(tx, reversal, 'pending', {
            idempotencyKey: reversalKey(reversal.id, needsNewKey ? known + 1 : Math.max(known, 1)),
            askedAt: new Date(),
            needsNewKey: false,
          });
    if (asked.idempotencyKey === null || asked.askedAt === null)
      throw new Error('a reversal was asked without a key');
    return {
      kind: 'ask',
      transfer,
      reversal: asked,
      stripeTransferId,
      amountMinor: asked.amountMinor - asked.coveredMinor,
      idempotencyKey: asked.idempotencyKey,
      askedAtMs: asked.askedAt.getTime(),
      predecessors: await readPredecessors(tx, asked.retryOf),
    };
  });
}
