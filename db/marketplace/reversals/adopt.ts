import { and, eq, sql } from 'drizzle-orm';
import { reversalWorkflowId, transferWorkflowId } from '../../../domain/marketplace/ids.ts';
import { ofReversal, ofTransfer, reversedAfterAll } from '../../../domain/marketplace/postings.ts';
import { ENDED_BY_PERSON } from '../../../domain/marketplace/reversal-machine.ts';
import type { ReversalAdoption } from '../../../domain/marketplace/messages.ts';
import { formatMoney } from '../../../domain/kernel/index.ts';
import { isBooked, type SeenReversal } from '../../../domain/marketplace/reversals-seen.ts';
import type { Db, Tx } from '../../client.ts';
import { fundsOf, lockFunds, post, ledgerEntries } from '../../ledger/index.ts';
import { transitionReversal } from './transition.ts';
import { type Reversal, type Transfer, transferReversals } from '../transfers/schema.ts';
import { refunds } from '../refunds/schema.ts';
import { writeAuditLog, clearFlags, raiseFlag } from '../../kernel/index.ts';
import { raiseReversed } from './end.ts';
import { lockReversal } from '../lock.ts';
import { insertOutside } from './record-outside.ts';

/**
 * An operator asked to look, and Stripe lists a reversal of ours that a person had ended. A write-off is undone and
 * the row ends `reversed`. Where the seller has paid in some other way, or the refund came back, the money that
 * Stripe took is theirs: it is booked like a reversal that is not ours. Repeatable: each is booked once. `ours` is
 * what Stripe lists of the row and of those that it replaced.
 */
export async function adoptReversal(
  db: Db,
  reversalId: string,
  ours: readonly SeenReversal[],
): Promise<ReversalAdoption> {
  return db.transaction(async (tx) => {
    const { transfer, reversal } = await lockReversal(tx, reversalId);
    const known = await tx
      .select()
      .from(transferReversals)
      .where(eq(transferReversals.transferId, transfer.id));
    const seen = ours.find((one) => !isBooked(one, known));
    if (seen === undefined) {
      return ours.length > 0
        ? { adopted: true, status: reversal.status }
        : { adopted: false, status: reversal.status, why: 'Stripe lists no reversal of ours for it' };
    }
    const { status, amountMinor, coveredMinor } = reversal;
    if (!ENDED_BY_PERSON.includes(status)) return { adopted: false, status, why: 'nobody ended it by hand' };
    if (seen.amountMinor !== amountMinor - coveredMinor) {
      const [theirs, own] = [seen.amountMinor, amountMinor - coveredMinor].map((minor) =>
        formatMoney(minor, transfer.currency),
      );
      return { adopted: false, status, why: `${seen.stripeReversalId} is of ${theirs}, it is of ${own}` };
    }
    const isLoss = status === 'written_off' && !(await isReturned(tx, reversal));
    const adopted = isLoss ? await undoWriteOff(tx, reversal, seen) : reversal;
    if (!isLoss) await keepForSeller(tx, transfer, reversal, seen);
    await book(tx, transfer, reversal, seen, isLoss);
    await raiseReversed(tx, transfer, seen.amountMinor);
    await clearFlags(tx, 'reversal_happened_after_all', reversalWorkflowId(reversalId));
    await writeAuditLog(
      tx,
      { actor: 'system' },
      {
        action: 'reversal.adopt',
        subject: reversalWorkflowId(reversalId),
        before: { status },
        after: { status: adopted.status, stripeReversalId: seen.stripeReversalId },
      },
    );
    return { adopted: true, status: adopted.status };
  });
}

/**
 * Whether the refund was returned: then the bank's money has covered the loss already. Decided under the transfer's
 * lock, which a return takes too.
 */
async function isReturned(tx: Tx, { refundId }: Reversal): Promise<boolean> {
  if (refundId === null) return false;
  const [refund] = await tx.select({ status: refunds.status }).from(refunds).where(eq(refunds.id, refundId));
  return refund?.status === 'returned';
}

const undoWriteOff = (tx: Tx, reversal: Reversal, { stripeReversalId }: SeenReversal): Promise<Reversal> =>
  transitionReversal(
    tx,
    reversal,
    'reversed',
    { stripeReversalId, errorMessage: null, endedAt: new Date() },
    'review',
  );

/** As with any reversal that is not ours, people have to know: unclaimed money is the seller's, and we hold it. */
async function keepForSeller(
  tx: Tx,
  transfer: Transfer,
  { id, status }: Reversal,
  seen: SeenReversal,
): Promise<void> {
  await insertOutside(tx, transfer.id, seen, seen.amountMinor);
  await raiseFlag(
    tx,
    'outside_reversal',
    transferWorkflowId(transfer.id),
    `${seen.stripeReversalId} took back ${formatMoney(seen.amountMinor, transfer.currency)} for ${reversalWorkflowId(id)}, which is ${status}: it is the seller's`,
  );
}

async function book(
  tx: Tx,
  transfer: Transfer,
  reversal: Reversal,
  { amountMinor }: SeenReversal,
  isLoss: boolean,
): Promise<void> {
  const { sellerId, currency } = transfer;
  const funds = fundsOf(await lockFunds(tx, [sellerId], currency), sellerId);
  const goneMinor = await writtenOffCashMinor(tx, transfer, reversal);
  await post(
    tx,
    isLoss
      ? { kind: 'write_off_undone', currency, ...ofReversal(reversal, transfer) }
      : { kind: 'outside_reversal', currency, ...ofTransfer(transfer) },
    reversedAfterAll(sellerId, amountMinor, goneMinor, isLoss ? 'platform:losses' : 'suspense:seller', funds),
  );
}

/** What the reversal's write-off took out of the connected account; the rest cleared the seller's debt. */
async function writtenOffCashMinor(
  tx: Tx,
  { orderId, sellerId }: Transfer,
  { id }: Reversal,
): Promise<number> {
  const [row] = await tx
    .select({ minor: sql<string>`coalesce(-sum(${ledgerEntries.amountMinor}), 0)` })
    .from(ledgerEntries)
    .where(
      and(
        eq(ledgerEntries.rootId, orderId),
        eq(ledgerEntries.ofId, id),
        eq(ledgerEntries.kind, 'reversal_written_off'),
        eq(ledgerEntries.account, `cash:connected:${sellerId}`),
      ),
    );
  return Number(row?.minor ?? 0);
}
