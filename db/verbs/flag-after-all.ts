import { and, eq, or, sql } from 'drizzle-orm';
import { reversalWorkflowId } from '../../domain/ids.ts';
import { isBooked, rowBehind, type SeenReversal } from '../../domain/reversals-seen.ts';
import type { Db, Tx } from '../client.ts';
import type { Reversal } from '../moves/reversal.ts';
import type { Transfer } from '../moves/transfer.ts';
import { readPredecessors } from '../queries/reversal-chain.ts';
import { transferReversals, webhookEvents } from '../schema/index.ts';
import { lockTransfer } from './lock.ts';
import { raiseFlag } from './raise-flag.ts';

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
