import { and, eq } from 'drizzle-orm';
import { grainMinor, sumMinor } from '../../../domain/kernel/index.ts';
import { transferWorkflowId } from '../../../domain/marketplace/ids.ts';
import { nettedFeesMinor, ofTransfer, transferCompleted } from '../../../domain/marketplace/postings.ts';
import type { Db, Tx } from '../../client.ts';
import { fundsOf, lockFunds, post } from '../../ledger/index.ts';
import { transitionTransfer } from './transition.ts';
import { type Transfer, transferReversals } from './schema.ts';
import { clearFlags } from '../../kernel/index.ts';
import { clearSentAfterAll } from '../reversals/flag-after-all.ts';
import {
  readInFlightRefunds,
  readWithheldSince,
  sendWithheldAfterAll,
  settleInFlightRefunds,
} from '../in-flight-refunds.ts';
import { reversalLabel, type ReversalWork } from '../labels.ts';
import { lockTransfer } from '../lock.ts';
import { netFees } from '../net-fees.ts';
import { openReversal } from '../reversals/open.ts';
import { readWaitingForFunds } from '../reversals/read-waiting-for-funds.ts';

export interface CompletedTransfer {
  readonly transfer: Transfer;
  /** Reversals for refunds made meanwhile; each needs a workflow of its own. */
  readonly reversals: readonly ReversalWork[];
  /** The seller's reversals that waited for funds, which have come now. */
  readonly funded: readonly ReversalWork[];
}

/**
 * Whether Stripe's transfer can be booked: it has the row's amount, or is larger by exactly the refunds since the
 * call that a row which was thought unsent has withheld.
 */
export async function isBookable(
  db: Db,
  transfer: Transfer,
  made: { readonly amountMinor: number; readonly currency: string },
): Promise<boolean> {
  if (made.currency !== transfer.currency) return false;
  const moreMinor = made.amountMinor - transfer.amountMinor;
  return moreMinor === 0 || (moreMinor > 0 && (await readWithheldSince(db, transfer, moreMinor)) !== null);
}

/**
 * Stripe has sent the money: one transition writes the status and Stripe's id. Repeatable. `sentMinor` may exceed the
 * row's amount by refunds since then; that part is taken back as if refunded in flight.
 */
export async function completeTransfer(
  db: Db,
  transferId: string,
  stripeTransferId: string,
  sentMinor?: number,
): Promise<CompletedTransfer> {
  if (stripeTransferId === '') throw new Error(`transfer ${transferId} came back without Stripe's id`);
  return db.transaction(async (tx) => {
    const transfer = await lockTransfer(tx, transferId);
    if (transfer.stripeTransferId === stripeTransferId) return findUnstarted(tx, transfer);
    const totalMinor = sentMinor ?? transfer.amountMinor;
    if (totalMinor !== transfer.amountMinor)
      await sendWithheldAfterAll(tx, transfer, totalMinor - transfer.amountMinor);
    const refunded = await readInFlightRefunds(tx, transfer);
    const completed = await transitionTransfer(tx, transfer, 'completed', {
      amountMinor: totalMinor,
      ...(transfer.askedAt !== null && { askedAmountMinor: totalMinor }),
      stripeTransferId,
      completedAt: new Date(),
      nextRetryAt: null,
      errorMessage: null,
      waitingFor: null,
    });
    await clearSentAfterAll(tx, transfer, stripeTransferId);
    await clearFlags(tx, 'amount_differs', transferWorkflowId(transferId));
    const locked = await lockFunds(tx, [transfer.sellerId], transfer.currency);
    const funds = fundsOf(locked, transfer.sellerId);
    const keptMinor = totalMinor - sumMinor(refunded.map((refund) => refund.amountMinor));
    const grain = grainMinor(transfer.currency);
    await post(
      tx,
      { kind: 'transfer_completed', currency: transfer.currency, ...ofTransfer(transfer) },
      transferCompleted(transfer.sellerId, totalMinor, keptMinor, funds, grain),
    );
    await settleInFlightRefunds(tx, transfer);
    const feesMinor = nettedFeesMinor(keptMinor, funds, grain);
    const netted = inOnePiece(await netFees(tx, transfer, feesMinor), grain);
    let current = completed;
    const reversals: ReversalWork[] = [];
    for (const { refundId, amountMinor } of [...refunded, ...netted]) {
      reversals.push(await openReversal(tx, current, refundId, amountMinor));
      current = { ...current, status: 'reversal_pending' };
    }
    const funded = await readWaitingForFunds(tx, transfer);
    return { transfer: current, reversals, funded };
  });
}

/** The parts may be off the grain and only their sum on it, so one reversal takes them back together. */
function inOnePiece(
  netted: readonly { readonly refundId: string; readonly amountMinor: number }[],
  grain: number,
) {
  const [first] = netted;
  if (grain === 1 || first === undefined) return netted;
  return [{ ...first, amountMinor: sumMinor(netted.map((part) => part.amountMinor)) }];
}

/** For a repeat: the reversals that the completing transaction opened and that have not ended. */
async function findUnstarted(tx: Tx, transfer: Transfer): Promise<CompletedTransfer> {
  const open = await tx
    .select()
    .from(transferReversals)
    .where(and(eq(transferReversals.transferId, transfer.id), eq(transferReversals.status, 'pending')));
  return { transfer, reversals: open.map((reversal) => reversalLabel(transfer, reversal)), funded: [] };
}
