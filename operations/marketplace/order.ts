import { isSuspended, type Order, type Refund } from '../../db/marketplace/index.ts';
import { orderWorkflowId } from '../../domain/marketplace/index.ts';
import type { RowKind, StoryEvent, StoryRow, StuckKind } from '../row-kind.ts';
import { asks, event, eventIf, QUIET } from '../telling.ts';
import { giveBack } from './give-back-actions.ts';
import { refundPart } from './order-actions.ts';

export const order: Omit<RowKind, 'story'> = {
  kind: 'order',
  hasWorkflow: true,
  // Refunds all that is left, unless there are further parameters.
  actions: [refundPart({}), giveBack],
};

export const stuckOrder: StuckKind = {
  one: 'Unpaid order',
  many: 'Unpaid orders',
  next: () =>
    'Its payment’s webhook decides. Sweeps ask the PSP meanwhile, and an unpaid order fails at its time.',
  actions: () => [],
  money: [{ name: 'Orders waiting for their payment', tone: 'plain' }],
};

export function orderRow(row: Order, refunds: readonly Refund[]): StoryRow {
  const subject = orderWorkflowId(row.id);
  return {
    ...QUIET,
    kind: 'order',
    subject,
    status: row.status,
    money: { amountMinor: row.totalMinor, currency: row.currency },
    lastError: row.failureReason,
    providerId: row.paymentId,
    idempotencyKey: row.paymentId,
    actions: isHeld(row, refunds)
      ? asks(subject, 'give_back')
      : isRefundable(row)
        ? asks(subject, 'refund')
        : [],
  };
}

/** A payment that no order took, and whose give-back failed. */
const isHeld = (row: Order, refunds: readonly Refund[]): boolean =>
  isSuspended(row) &&
  row.status === 'failed' &&
  (row.capturedMinor ?? 0) > row.refundedMinor &&
  refunds.some(({ status }) => status === 'failed');

const isRefundable = (row: Order): boolean =>
  !isSuspended(row) && (row.status === 'completed' || row.status === 'partially_refunded');

export function orderEvents(row: Order): StoryEvent[] {
  const subject = orderWorkflowId(row.id);
  const money = { amountMinor: row.totalMinor, currency: row.currency };
  const { createdAt, buyerId, completedAt } = row;
  return [
    event(createdAt, 'order', subject, 'The order was placed.', { money, by: buyerId }),
    ...eventIf(completedAt, 'order', subject, 'It was paid and is complete.', { money }),
  ];
}
