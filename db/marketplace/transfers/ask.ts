import { and, eq } from 'drizzle-orm';
import { cutMinor, grainMinor, keyGeneration, formatMoney, sumMinor } from '../../../domain/kernel/index.ts';
import { transferKey } from '../../../domain/marketplace/ids.ts';
import type { Db, Tx } from '../../client.ts';
import { carryRest, fundsOf, lockFunds } from '../../ledger/index.ts';
import { transitionTransfer } from './transition.ts';
import type { Transfer } from './schema.ts';
import { disputes } from '../disputes/schema.ts';
import { orderItems, orders } from '../orders/schema.ts';
import { sellerAccounts } from '../../sellers/index.ts';
import { lockTransfer } from '../lock.ts';
import { endUnsent } from '../withhold.ts';

export type TransferClaim =
  /** Ask Stripe with exactly these values. Key, amount and time are committed. */
  | {
      readonly kind: 'ask';
      readonly transfer: Transfer;
      readonly destination: string;
      readonly amountMinor: number;
      readonly idempotencyKey: string;
      readonly askedAtMs: number;
      /** No earlier call under this key may have been carried out. */
      readonly isFirst: boolean;
      readonly sourceTransaction: string | null;
    }
  | { readonly kind: 'no_account' | 'account_not_ready' | 'disputed'; readonly transfer: Transfer }
  | { readonly kind: 'not_due'; readonly transfer: Transfer; readonly dueAtMs: number }
  | { readonly kind: 'ended'; readonly transfer: Transfer };

/**
 * Commits the next call to Stripe, under the row's lock, before anything is sent: from here on the row is in flight
 * and its amount frozen. A row that Stripe was asked for before is asked for again with the same key, amount and
 * account. `now` forces an attempt that is not due yet.
 */
export async function askTransfer(
  db: Db,
  { transferId, now }: { readonly transferId: string; readonly now: boolean },
): Promise<TransferClaim> {
  return db.transaction(async (tx) => {
    const transfer = await lockTransfer(tx, transferId);
    if (transfer.status !== 'pending' && transfer.status !== 'failed') return { kind: 'ended', transfer };
    const dueAtMs = transfer.nextRetryAt?.getTime() ?? 0;
    if (!now && dueAtMs > Date.now()) return { kind: 'not_due', transfer, dueAtMs };
    const [order] = await tx
      .select({ charge: orders.connectorTransactionId })
      .from(orders)
      .where(eq(orders.id, transfer.orderId));
    // Only a charge can be a source; Stripe refuses a payment intent's id.
    const sourceTransaction = /^(ch|py)_/.test(order?.charge ?? '') ? (order?.charge ?? null) : null;
    if (transfer.askedAt !== null && transfer.idempotencyKey !== null && transfer.stripeAccountId !== null) {
      return {
        kind: 'ask',
        transfer,
        destination: transfer.stripeAccountId,
        amountMinor: transfer.amountMinor,
        idempotencyKey: transfer.idempotencyKey,
        askedAtMs: transfer.askedAt.getTime(),
        isFirst: false,
        sourceTransaction,
      };
    }
    const [dispute] = await tx
      .select({ id: disputes.id })
      .from(disputes)
      .where(and(eq(disputes.orderId, transfer.orderId), eq(disputes.status, 'open')))
      .limit(1);
    // A transfer that Stripe was not asked for yet waits: if the dispute is lost, the money need not be taken back.
    if (dispute) return { kind: 'disputed', transfer };
    const [seller] = await tx
      .select({
        stripeAccountId: sellerAccounts.stripeAccountId,
        transfersEnabled: sellerAccounts.transfersEnabled,
      })
      .from(sellerAccounts)
      .where(eq(sellerAccounts.userId, transfer.sellerId));
    if (!seller?.stripeAccountId) return { kind: 'no_account', transfer };
    if (seller.transfersEnabled === false) return { kind: 'account_not_ready', transfer };
    const cut = await cutToGrain(tx, transfer, sourceTransaction !== null);
    if (cut.status === 'permanently_failed') return { kind: 'ended', transfer: cut };
    const idempotencyKey = transferKey(transfer.id, keyGeneration(transfer.idempotencyKey) + 1);
    const askedAt = new Date();
    const asked = await transitionTransfer(tx, cut, cut.status, {
      stripeAccountId: seller.stripeAccountId,
      idempotencyKey,
      askedAmountMinor: cut.amountMinor,
      askedAt,
      waitingFor: null,
    });
    return {
      kind: 'ask',
      transfer: asked,
      destination: seller.stripeAccountId,
      amountMinor: asked.amountMinor,
      idempotencyKey,
      askedAtMs: askedAt.getTime(),
      isFirst: true,
      sourceTransaction,
    };
  });
}

/**
 * Cuts the amount to the grain of its currency. The rest stays in `pending`, and the seller's next transfer takes it
 * along; a transfer that may be looked for at Stripe by its amount takes no rest along. A transfer below the grain
 * ends without a call, and its whole amount becomes rest.
 */
async function cutToGrain(tx: Tx, transfer: Transfer, isFromCharge: boolean): Promise<Transfer> {
  const { sellerId, currency, amountMinor } = transfer;
  const grain = grainMinor(currency);
  if (grain === 1) return transfer;
  const { restMinor } = fundsOf(await lockFunds(tx, [sellerId], currency), sellerId);
  const isNew = transfer.idempotencyKey === null && transfer.retryOf === null;
  // A transfer from a charge cannot be more than the charge.
  const mostMinor = isFromCharge ? await chargedMinor(tx, transfer) : Infinity;
  const sentMinor = cutMinor(Math.min(amountMinor + (isNew ? restMinor : 0), mostMinor), grain);
  if (sentMinor === amountMinor) return transfer;
  await carryRest(tx, sellerId, currency, amountMinor - sentMinor);
  if (sentMinor > 0) return transitionTransfer(tx, transfer, transfer.status, { amountMinor: sentMinor });
  const kept = formatMoney(amountMinor, currency);
  return endUnsent(
    tx,
    transfer,
    `${kept} is less than Stripe sends: it goes with the seller's next transfer`,
  );
}

/** What the buyer paid for the seller's part of the order. */
async function chargedMinor(tx: Tx, { orderId, sellerId }: Transfer): Promise<number> {
  const items = await tx
    .select({ amountMinor: orderItems.amountMinor })
    .from(orderItems)
    .where(and(eq(orderItems.orderId, orderId), eq(orderItems.sellerId, sellerId)));
  return sumMinor(items.map((item) => item.amountMinor));
}
