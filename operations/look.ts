import { eq } from 'drizzle-orm';
import type { Tx } from '../db/client.ts';
import {
  isSuspended,
  lockOrder,
  lockNamedRefund,
  lockReversal,
  lockTransferOfOrder,
  type Purchases,
  returnRefund,
} from '../db/marketplace/index.ts';
import { opsFlags, lockNamed } from '../db/kernel/index.ts';
import { webhookEvents } from '../db/webhooks/index.ts';
import { lockPayout } from '../db/payouts/index.ts';
import { VezaError } from '../domain/errors.ts';
import { sumMinor } from '../domain/kernel/index.ts';
import { moneyOf, type Standing } from './action.ts';
import type { OperationsSettings } from './deps.ts';
import { dryRun } from './dry-run.ts';

// Each locks in the same order as the verb after it, so that nothing changes between snapshot and verb.

export async function lookAtTransfer(tx: Tx, transferId: string): Promise<Standing> {
  const transfer = await lockNamed(tx, 'transfer', transferId, lockTransferOfOrder);
  return { status: transfer.status, money: moneyOf(transfer) };
}

/** The part that outside reversals have covered already does not count. */
export async function lookAtReversal(tx: Tx, reversalId: string): Promise<Standing> {
  const { transfer, reversal } = await lockNamed(tx, 'reversal', reversalId, lockReversal);
  const amountMinor = reversal.amountMinor - reversal.coveredMinor;
  return { status: reversal.status, money: { amountMinor, currency: transfer.currency } };
}

export async function lookAtPayout(tx: Tx, payoutId: string): Promise<Standing> {
  const payout = await lockNamed(tx, 'payout', payoutId, lockPayout);
  return { status: payout.status, money: moneyOf(payout) };
}

/** The money of a payment that no order took; none where the order has its payment. */
export async function lookAtOrder(tx: Tx, orderId: string): Promise<Standing> {
  const order = await lockNamed(tx, 'order', orderId, lockOrder);
  const { capturedMinor, capturedCurrency, refundedMinor, status } = order;
  if (!isSuspended(order) || capturedMinor === null || capturedCurrency === null)
    return { status, money: null };
  return { status, money: { amountMinor: capturedMinor - refundedMinor, currency: capturedCurrency } };
}

/**
 * Sellers may get more than the refund's amount: a transfer that was never sent goes out with it. The larger amount
 * is decided on, as a dry run of the verb finds it.
 */
export async function lookAtReturn(
  tx: Tx,
  refundId: string,
  { purchases }: OperationsSettings,
): Promise<Standing> {
  const { status, money } = await lookAtRefund(tx, refundId, { purchases });
  if (money === null) return { status, money };
  const resentMinor = await resentBy(tx, refundId, purchases);
  return { status, money: { ...money, amountMinor: Math.max(money.amountMinor, resentMinor) } };
}

async function resentBy(tx: Tx, refundId: string, purchases: Purchases): Promise<number> {
  try {
    const { transfers } = await dryRun(tx, (inner) =>
      returnRefund(inner, { refundId, actor: 'system', reason: 'preview' }, purchases),
    );
    return sumMinor(transfers.map(({ amountMinor }) => amountMinor));
  } catch (error) {
    // A refused return sends nothing; `act` gives the reason.
    if (error instanceof VezaError) return 0;
    throw error;
  }
}

export async function lookAtRefund(
  tx: Tx,
  refundId: string,
  { purchases }: Pick<OperationsSettings, 'purchases'>,
): Promise<Standing> {
  const { refund } = await lockNamedRefund(tx, refundId, purchases);
  return { status: refund.status, money: moneyOf(refund) };
}

/** A replay notifies the same workflow again: it moves no money by itself. */
export async function lookAtWebhook(tx: Tx, webhookId: string): Promise<Standing> {
  const [stored] = await tx
    .select({ outcome: webhookEvents.outcome })
    .from(webhookEvents)
    .where(eq(webhookEvents.id, webhookId));
  if (stored === undefined)
    throw new VezaError('webhook_not_found', `There is no webhook event ${webhookId}.`);
  return { status: stored.outcome, money: null };
}

export async function lookAtFlag(tx: Tx, flagId: string): Promise<Standing> {
  const [flag] = await tx.select().from(opsFlags).where(eq(opsFlags.id, flagId)).for('no key update');
  if (flag === undefined) throw new VezaError('flag_not_found', `There is no flag ${flagId}.`);
  return { status: flag.clearedAt === null ? 'open' : 'cleared', money: null };
}
