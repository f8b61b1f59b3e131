import type { Mentions, OrderRows } from '../db/operators/index.ts';
import {
  type Order,
  type Refund,
  type Reversal,
  type Transfer,
  isSuspended,
} from '../db/marketplace/index.ts';
import type { Payout } from '../db/payouts/index.ts';
import {
  orderWorkflowId,
  refundKey,
  refundWorkflowId,
  reversalWorkflowId,
  transferWorkflowId,
} from '../domain/marketplace/index.ts';
import { payoutWorkflowId } from '../domain/payouts/index.ts';
import type { ActionName } from './action.ts';
import { moneyOf } from './action.ts';
import type { StoryRow } from './story.ts';

// The rows of a story as they stand, each with its possible actions.

/** The fields of a row that nothing attempts. */
export const QUIET = {
  lastError: null,
  waitingFor: null,
  nextAttemptAt: null,
  retryCount: null,
  idempotencyKey: null,
};

const asks = (subject: string, ...actions: readonly ActionName[]) =>
  actions.map((action) => ({ action, subject }));

export function rowsOf(
  { order, refunds, transfers, reversals, disputes }: OrderRows,
  flags: Mentions['flags'],
): StoryRow[] {
  const superseded = new Set([...transfers, ...reversals].map(({ retryOf }) => retryOf));
  const happened = new Set(
    flags
      .filter(({ kind, clearedAt }) => kind === 'reversal_happened_after_all' && clearedAt === null)
      .map((flag) => flag.subject),
  );
  const held = new Set(flags.filter(({ kind }) => kind === 'amount_differs').map((flag) => flag.subject));
  const currencyOf = new Map(transfers.map(({ id, currency }) => [id, currency]));
  return [
    ...(order === null ? [] : [orderRow(order, refunds)]),
    ...refunds.map((refund) => refundRow(refund, held.has(refundWorkflowId(refund.id)))),
    ...transfers.map((transfer) => transferRow(transfer, superseded.has(transfer.id))),
    ...reversals.map((reversal) =>
      reversalRow(reversal, currencyOf.get(reversal.transferId) ?? '', {
        isSuperseded: superseded.has(reversal.id),
        hasHappened: happened.has(reversalWorkflowId(reversal.id)),
      }),
    ),
    ...disputes.map((dispute) => ({
      ...QUIET,
      kind: 'dispute' as const,
      subject: orderWorkflowId(dispute.orderId),
      status: dispute.status,
      money: { amountMinor: dispute.amountMinor, currency: dispute.currency },
      lastError: dispute.unbookedWhy === null ? null : `not booked: ${dispute.unbookedWhy}`,
      providerId: dispute.providerDisputeId,
      actions: [],
    })),
  ];
}

function orderRow(order: Order, refunds: readonly Refund[]): StoryRow {
  const subject = orderWorkflowId(order.id);
  const isHeld =
    isSuspended(order) &&
    order.status === 'failed' &&
    (order.capturedMinor ?? 0) > order.refundedMinor &&
    refunds.some(({ status }) => status === 'failed');
  return {
    ...QUIET,
    kind: 'order',
    subject,
    status: order.status,
    money: { amountMinor: order.totalMinor, currency: order.currency },
    lastError: order.failureReason,
    providerId: order.paymentId,
    idempotencyKey: order.paymentId,
    actions: isHeld ? asks(subject, 'give_back') : isRefundable(order) ? asks(subject, 'refund') : [],
  };
}

const isRefundable = (order: Order): boolean =>
  !isSuspended(order) && (order.status === 'completed' || order.status === 'partially_refunded');

/** `differs`: the PSP gave back another amount or currency. */
function refundRow(refund: Refund, differs: boolean): StoryRow {
  const isHeld = refund.status === 'pending' && differs;
  const subject = refundWorkflowId(refund.id);
  return {
    ...QUIET,
    kind: 'refund',
    subject,
    status: refund.status,
    money: moneyOf(refund),
    lastError: refund.errorMessage,
    providerId: refund.hyperswitchRefundId,
    idempotencyKey: refundKey(refund),
    waitingFor: isHeld ? 'held' : isAsked(refund) ? waitOfRefund(refund) : null,
    actions: asks(subject, ...actionsOnRefund(refund, isHeld)),
  };
}

function actionsOnRefund(refund: Refund, isHeld: boolean): ActionName[] {
  if (isHeld) return ['settled_outside', 'give_up'];
  if (refund.status === 'succeeded') return refund.kind === 'dispute' ? [] : ['mark_returned'];
  return isAsked(refund) && waitOfRefund(refund) === null ? ['give_up'] : [];
}

const isAsked = ({ status, hyperswitchRefundId }: Refund) =>
  status === 'pending' && hyperswitchRefundId === null;

/** What the refund waits for, in the words of the stuck list. */
function waitOfRefund({ givenUpAt, existsBy }: Refund): string | null {
  if (givenUpAt !== null) return 'second_look';
  return existsBy === null ? null : 'psp_read_side';
}

function transferRow(transfer: Transfer, isSuperseded: boolean): StoryRow {
  const subject = transferWorkflowId(transfer.id);
  const { status } = transfer;
  return {
    kind: 'transfer',
    subject,
    status,
    money: moneyOf(transfer),
    ...attemptsOf(transfer),
    providerId: transfer.stripeTransferId,
    actions: isSuperseded ? [] : asks(subject, ...actionsOnTransfer(transfer)),
  };
}

/** Where Stripe was not asked, or does not have the transfer, a person may say who has the money. */
function actionsOnTransfer({ status, completedAt, askedAt, amountMinor }: Transfer): ActionName[] {
  const isOpen = status === 'pending' || status === 'failed';
  const isLost = status === 'permanently_failed' && completedAt === null && amountMinor > 0;
  if (isLost || (isOpen && askedAt === null)) return ['retry', 'settled_outside', 'written_off'];
  if (isOpen) return ['retry'];
  return status === 'written_off' && amountMinor > 0 ? ['settled_outside'] : [];
}

function reversalRow(
  reversal: Reversal,
  currency: string,
  { isSuperseded, hasHappened }: { readonly isSuperseded: boolean; readonly hasHappened: boolean },
): StoryRow {
  const subject = reversalWorkflowId(reversal.id);
  return {
    kind: 'reversal',
    subject,
    status: reversal.status,
    money: { amountMinor: reversal.amountMinor - reversal.coveredMinor, currency },
    ...attemptsOf(reversal),
    providerId: reversal.stripeReversalId,
    actions: isSuperseded ? [] : asks(subject, ...actionsOnReversal(reversal, hasHappened)),
  };
}

/** `hasHappened`: Stripe reported that it carried out a reversal that a person had ended. */
function actionsOnReversal({ status }: Reversal, hasHappened: boolean): ActionName[] {
  if (status === 'pending') return ['retry', 'give_up'];
  if (status === 'permanently_failed') return ['retry', 'settled_outside', 'written_off'];
  return [
    ...(hasHappened ? (['retry'] as const) : []),
    ...(status === 'written_off' ? (['settled_outside'] as const) : []),
  ];
}

export function payoutRow(payout: Payout): StoryRow {
  const subject = payoutWorkflowId(payout.id);
  return {
    kind: 'payout',
    subject,
    status: payout.status,
    money: moneyOf(payout),
    ...attemptsOf(payout),
    providerId: payout.externalPayoutId,
    actions: asks(subject, ...actionsOnPayout(payout)),
  };
}

function actionsOnPayout({ status, waitingFor }: Payout): ActionName[] {
  if (status !== 'pending') return [];
  return [...(waitingFor === 'amount_differs' ? (['book_as_made'] as const) : []), 'retry', 'give_up'];
}

const attemptsOf = (
  row: Pick<Payout, 'errorMessage' | 'nextRetryAt' | 'retryCount' | 'idempotencyKey'> & {
    readonly waitingFor: string | null;
  },
) => ({
  lastError: row.errorMessage,
  waitingFor: row.waitingFor,
  nextAttemptAt: row.nextRetryAt,
  retryCount: row.retryCount,
  idempotencyKey: row.idempotencyKey,
});
