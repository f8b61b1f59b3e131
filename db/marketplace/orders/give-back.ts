import { v7 as uuidv7 } from 'uuid';
import { orderWorkflowId } from '../../../domain/marketplace/ids.ts';
import { ofOrder, paymentSuspended } from '../../../domain/marketplace/postings.ts';
import type { PaymentReport } from '../../../domain/marketplace/messages.ts';
import { formatMoney } from '../../../domain/kernel/index.ts';
import type { Tx } from '../../client.ts';
import { post } from '../../ledger/index.ts';
import { transitionOrder } from './transition.ts';
import type { Order } from './schema.ts';
import { refunds } from '../refunds/schema.ts';
import { type GiveBackWork, refundLabel } from '../labels.ts';
import { raiseFlag } from '../../kernel/index.ts';

/** What was captured for an order, in minor units. */
export interface Captured {
  readonly amountMinor: number;
  readonly currency: string;
}

/** The captured amount; throws where the PSP does not say how much. */
export function capturedBy(fact: PaymentReport, order: Pick<Order, 'id'>): Captured {
  if (fact.receivedMinor === null || fact.receivedMinor <= 0 || fact.currency === null) {
    throw new Error(
      `the PSP says that order ${order.id} is captured but not how much: read the payment first`,
    );
  }
  return { amountMinor: fact.receivedMinor, currency: fact.currency };
}

/**
 * Money that an order cannot take goes back to the buyer by a refund of its own, and people are told. `goneMinor`:
 * what has gone back already without us; only the rest is asked for. Returns null where nothing is left.
 */
export async function giveBack(
  tx: Tx,
  order: Order,
  { captured, fact, goneMinor = 0 }: { captured: Captured; fact: PaymentReport; goneMinor?: number },
): Promise<{ readonly order: Order; readonly work: GiveBackWork | null }> {
  const differs = order.status === 'pending';
  const failed = differs
    ? await transitionOrder(tx, order, 'failed', { failureReason: 'amount differs' })
    : order;
  const holding = await transitionOrder(tx, failed, 'refund_pending', {
    capturedMinor: captured.amountMinor,
    capturedCurrency: captured.currency,
    connectorTransactionId: fact.connectorTransactionId,
    paymentStatus: 'succeeded',
    paymentWatchedUntil: null,
  });
  await post(
    tx,
    { kind: 'payment_suspended', currency: captured.currency, ...ofOrder(order.id) },
    paymentSuspended(captured.amountMinor),
  );
  const amountMinor = captured.amountMinor - goneMinor;
  const refund = amountMinor > 0 ? await insertGiveBack(tx, order.id, { ...captured, amountMinor }) : null;
  const came = `${formatMoney(captured.amountMinor, captured.currency)} came for an order of ${formatMoney(order.totalMinor, order.currency)} that was ${order.status}`;
  const rest = refund === null ? 'all of it has gone back' : `it is given back by refund ${refund.id}`;
  await raiseFlag(
    tx,
    differs ? 'amount_differs' : 'late_payment',
    orderWorkflowId(order.id),
    `${came}; ${rest}`,
  );
  return { order: holding, work: refund && { refundId: refund.id, label: refundLabel(refund) } };
}

async function insertGiveBack(tx: Tx, orderId: string, { amountMinor, currency }: Captured) {
  const [refund] = await tx
    .insert(refunds)
    .values({ id: uuidv7(), orderId, kind: 'payment_returned', amountMinor, currency })
    .returning();
  if (refund === undefined) throw new Error(`no refund was opened for the payment of order ${orderId}`);
  return refund;
}
