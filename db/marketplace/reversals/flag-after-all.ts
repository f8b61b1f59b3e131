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

// Stripe's word on a reversal of ours comes before or after that ended without it. Both look under the transfer's lock, and
// a webhook is stored before it looks: whichever looks last sees the other. A retry looks at Stripe and adopts it.

/** Stripe's webhook names reversals of ours: those that had ended without it are flagged. An open one is its workflow's. */
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
      // What a row stands for that is `reversed` already is nobody's news; beside that, it is not ours.
      if (row === undefined || row.status === 'pending' || row.status === 'reversed') continue;
      const said = `${seen.stripeReversalId} is this reversal, which is ${row.status}: retry it, and it is adopted`;
      await raise(tx, row, said);
    }
  });
}

/**
 * Stripe's webhook names a transfer that our row does not hold: where the row had ended without it, or as another one, it is
 * flagged, and what was said comes back. An open row is its workflow's. With its order, so that nobody settles it meanwhile.
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
    // What an older system sent has no id yet: the backfill writes it.
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

/** A retry has adopted what Stripe had sent: what was flagged of its chain is dealt with, if it was that. */
export async function clearSentAfterAll(tx: Tx, transfer: Transfer, stripeTransferId: string): Promise<void> {
  if (transfer.retryOf === null) return;
  const subjects = (await readTransferChain(tx, transfer)).map(({ id }) => transferWorkflowId(id));
  await tx
    .update(opsFlags)
    .set({ clearedAt: new Date() })
    .where(and(isSentAfterAll(subjects), like(opsFlags.detail, `${stripeTransferId} %`)));
}

/** Whether Stripe has said so of a transfer or of one whose place it has taken. Its order must be locked. */
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

/** A reversal fails for good: its webhook may have come while it was open. The transfer must be locked. */
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
        // It lists the transfer's reversals, ours by the id in its metadata.
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
