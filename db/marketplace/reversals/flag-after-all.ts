import { and, eq, inArray, isNull, like, or, sql } from 'drizzle-orm';
import { reversalWorkflowId, transferWorkflowId } from '../../../domain/marketplace/ids.ts';
import { isBooked, rowBehind, type SeenReversal } from '../../../domain/marketplace/reversals-seen.ts';
import type { Db, Tx } from '../../client.ts';
import { type Reversal, type Transfer, sellerTransfers, transferReversals } from '../transfers/schema.ts';
import { readPredecessors } from './chain.ts';
import { readTransferChain } from '../transfers/chain.ts';
import { opsFlags, raiseFlag } from '../../kernel/index.ts';
import { webhookEvents } from '../../webhooks/index.ts';
import { lockTransfer, lockTransferOfOrder } from '../lock.ts';

// Stripe's webhook for a reversal of ours may come before or after the row has ended without it. Both sides look
// under the transfer's lock, and a webhook is stored before it looks, so the one that looks last sees the other. A
// retry looks at Stripe and adopts the reversal.

/**
 * Stripe's webhook names reversals of ours: flags those that had ended without it. The workflow takes care of an open
 * one.
 */
export async function flagAfterAll(
  db: Db,
  transferId: string,
  named: readonly SeenReversal[],
): Promise<void> {
  await db.transaction(async (tx) => {
    await lockTransfer(tx, transferId);
    const known = await tx
      .select()
      .from(transferReversals)
      .where(eq(transferReversals.transferId, transferId));
    for (const seen of named) {
      const row = isBooked(seen, known) ? undefined : rowBehind(seen, known);
      // A row that is `reversed` already needs no flag. A further reversal at Stripe is not ours, and is handled
      // elsewhere.
      if (row === undefined || row.status === 'pending' || row.status === 'reversed') continue;
      const said = `${seen.stripeReversalId} is this reversal, which is ${row.status}: retry it, and it is adopted`;
      await raise(tx, row, said);
    }
  });
}

/**
 * Stripe's webhook names a transfer that our row does not hold: where the row had ended without it, or with another
 * one, flags it and returns the flag's text. The workflow takes care of an open row. Locks the order too, so that
 * nobody settles it meanwhile.
 */
export async function flagSentAfterAll(
  db: Db,
  transferId: string,
  stripeTransferId: string,
): Promise<string | null> {
  return db.transaction(async (tx) => {
    const transfer = await lockTransferOfOrder(tx, transferId);
    const { status, stripeTransferId: known } = transfer;
    if (status === 'pending' || status === 'failed' || known === stripeTransferId) return null;
    // A transfer of an older system has no id yet: the backfill writes it.
    if (transfer.completedAt !== null && !known) return null;
    const [adopted] = await tx
      .select({ id: sellerTransfers.id })
      .from(sellerTransfers)
      .where(eq(sellerTransfers.stripeTransferId, stripeTransferId));
    if (adopted !== undefined) return null;
    const said = `${stripeTransferId} is this transfer, which is ${status}${known ? ` as ${known}` : ''}`;
    await raiseFlag(tx, 'transfer_happened_after_all', transferWorkflowId(transferId), said);
    return said;
  });
}

/**
 * A retry has adopted the transfer that Stripe had sent: clears the flags of its chain that were about this transfer.
 */
export async function clearSentAfterAll(tx: Tx, transfer: Transfer, stripeTransferId: string): Promise<void> {
  if (transfer.retryOf === null) return;
  const subjects = (await readTransferChain(tx, transfer)).map(({ id }) => transferWorkflowId(id));
  await tx
    .update(opsFlags)
    .set({ clearedAt: new Date() })
    .where(and(isSentAfterAll(subjects), like(opsFlags.detail, `${stripeTransferId} %`)));
}

/**
 * Whether a webhook of Stripe's said that a transfer, or one that it replaced, was sent after all. The order must be
 * locked.
 */
export async function wasSentAfterAll(tx: Tx, transfer: Transfer): Promise<boolean> {
  const subjects = (await readTransferChain(tx, transfer)).map(({ id }) => transferWorkflowId(id));
  const [flag] = await tx.select({ id: opsFlags.id }).from(opsFlags).where(isSentAfterAll(subjects)).limit(1);
  return flag !== undefined;
}

const isSentAfterAll = (subjects: readonly string[]) =>
  and(
    eq(opsFlags.kind, 'transfer_happened_after_all'),
    inArray(opsFlags.subject, [...subjects]),
    isNull(opsFlags.clearedAt),
  );

/** Flags a reversal that fails for good if its webhook came while it was open. The transfer must be locked. */
export async function flagIfTold(tx: Tx, { stripeTransferId }: Transfer, failed: Reversal): Promise<void> {
  if (!stripeTransferId) return;
  const ids = [failed.id, ...(await readPredecessors(tx, failed.retryOf))];
  const [told] = await tx
    .select({ eventId: webhookEvents.eventId })
    .from(webhookEvents)
    .where(
      and(
        eq(webhookEvents.provider, 'stripe'),
        eq(webhookEvents.about, stripeTransferId),
        eq(webhookEvents.type, 'transfer.reversed'),
        // The webhook lists the transfer's reversals; ours has its id in the metadata.
        or(...ids.map((id) => sql`position(${id} in ${webhookEvents.body}) > 0`)),
      ),
    )
    .limit(1);
  if (told === undefined) return;
  const said = `${told.eventId} says that Stripe carried it out, and it is ${failed.status}: retry it, and it is adopted`;
  await raise(tx, failed, said);
}

const raise = (tx: Tx, { id }: Pick<Reversal, 'id'>, said: string): Promise<void> =>
  raiseFlag(tx, 'reversal_happened_after_all', reversalWorkflowId(id), said);
