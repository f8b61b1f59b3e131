import {
  giveBackAgain,
  heldOf,
  lockNamedPurchase,
  lockNamedRefund,
  type Refund,
} from '../../db/marketplace/index.ts';
import { effectOf } from '../../domain/kernel/index.ts';
import { ORDER_ACTIONS, REFUND_ACTIONS } from '../../domain/marketplace/index.ts';
import { reasonOf } from '../acting.ts';
import type { RowAction } from '../row-kind.ts';
import { startedBy, startRefund, type StartWork } from './refund-purchase.ts';

// A payment that nothing took, and whose give-back failed. An order has one payment, and is named; an invoice may have
// several, and the refund that failed names which.

export const giveBack: RowAction<Refund, StartWork> = {
  action: 'give_back',
  kind: 'order',
  refusals: ['order_not_found', 'order_not_refundable', 'order_disputed', 'refund_already_requested'],
  /** What is still held; nothing where the order has its payment. */
  async snapshot(tx, id, { purchases }) {
    const purchase = await lockNamedPurchase(tx, { kind: 'order', id }, purchases);
    return { status: purchase.status, money: heldOf(purchase) };
  },
  async act(tx, id, act, { purchases }) {
    const purchase = await lockNamedPurchase(tx, { kind: 'order', id }, purchases);
    return startedBy(await giveBackAgain(tx, purchase, { ...act, reason: reasonOf(act) }));
  },
  notify: startRefund,
  describeEffect: (standing) => effectOf(ORDER_ACTIONS.give_back, standing),
};

export const giveBackRefused: RowAction<Refund, StartWork> = {
  action: 'give_back',
  kind: 'refund',
  refusals: [
    'refund_not_found',
    'refund_already_requested',
    'order_not_refundable',
    'order_disputed',
    'invoice_not_refundable',
    'invoice_disputed',
  ],
  async snapshot(tx, refundId, { purchases }) {
    const { purchase, refund } = await lockNamedRefund(tx, refundId, purchases);
    return { status: refund.status, money: heldOf(purchase) };
  },
  async act(tx, refundId, act, { purchases }) {
    const { purchase } = await lockNamedRefund(tx, refundId, purchases);
    return startedBy(await giveBackAgain(tx, purchase, { ...act, reason: reasonOf(act) }));
  },
  notify: startRefund,
  describeEffect: (standing) => effectOf(REFUND_ACTIONS.give_back, standing),
};
