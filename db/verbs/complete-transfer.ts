import { and, eq } from 'drizzle-orm';
import { grainMinor } from '../../domain/grain.ts';
import { nettedFeesMinor, transferCompleted } from '../../domain/ledger.ts';
import { sumMinor } from '../../domain/money.ts';
import type { Db, Tx } from '../client.ts';
import { fundsOf, lockFunds, post } from '../ledger/post.ts';
import { moveTransfer, type Transfer } from '../moves/transfer.ts';
import { transferReversals } from '../schema/index.ts';
import { clearSentAfterAll } from './flag-after-all.ts';
import { readInFlightRefunds, settleInFlightRefunds } from './in-flight-refunds.ts';
import { reversalLabel, type ReversalWork } from './labels.ts';
import { lockTransfer } from './lock.ts';
import { netFees } from './net-fees.ts';
import { openReversal } from './open-reversal.ts';
import { readFundless } from './read-fundless.ts';

export interface CompletedTransfer {
  readonly transfer: Transfer;
  /** Reversals of what was refunded meanwhile, which want a workflow of their own. */
  readonly reversals: readonly ReversalWork[];
  /** The seller's reversals that wait for funds, which have just come. */
  readonly funded: readonly ReversalWork[];
}

/** Stripe has sent the money: its id is written in the very move that says so. Repeatable. */
export async function completeTransfer(
  db: Db,
  transferId: string,
  stripeTransferId: string,
): Promise<CompletedTransfer> {
  if (stripeTransferId === '') throw new Error(`transfer ${transferId} came back without Stripe's id`);
  return db.transaction(async (tx) => {
    const transfer = await lockTransfer(tx, transferId);
    if (transfer.stripeTransferId === stripeTransferId) return findUnstarted(tx, transfer);
    const refunded = await readInFlightRefunds(tx, transfer);
    const completed = await moveTransfer(tx, transfer, 'completed', {
      stripeTransferId,
      completedAt: new Date(),
      nextRetryAt: null,
      errorMessage: null,
      waitingFor: null,
    });
    await clearSentAfterAll(tx, transfer, stripeTransferId);
    const locked = await lockFunds(tx, [transfer.sellerId], transfer.currency);
    const funds = fundsOf(locked, transfer.sellerId);
    const keptMinor = transfer.amountMinor - sumMinor(refunded.map((refund) => refund.amountMinor));
    const grain = grainMinor(transfer.currency);
    await post(
      tx,
      { kind: 'transfer_completed', currency: transfer.currency, orderId: transfer.orderId, transferId },
      transferCompleted(transfer.sellerId, transfer.amountMinor, keptMinor, funds, grain),
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
    const funded = await readFundless(tx, transfer);
    return { transfer: current, reversals, funded };
  });
}

/** Each part may be off the grain, and only their sum is not: it is taken back by one reversal. */
function inOnePiece(
  netted: readonly { readonly refundId: string; readonly amountMinor: number }[],
  grain: number,
) {
  const [first] = netted;
  if (grain === 1 || first === undefined) return netted;
  return [{ ...first, amountMinor: sumMinor(netted.map((part) => part.amountMinor)) }];
}

/** A replay: the reversals that the completing transaction opened, as far as they have not ended. */
async function findUnstarted(tx: Tx, transfer: Transfer): Promise<CompletedTransfer> {
  const open = await tx
    .select()
    .from(transferReversals)
    .where(and(eq(transferReversals.transferId, transfer.id), eq(transferReversals.status, 'pending')));
  return { transfer, reversals: open.map((reversal) => reversalLabel(transfer, reversal)), funded: [] };
}
