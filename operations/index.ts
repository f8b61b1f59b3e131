import { VezaError } from '../domain/errors.ts';
import { parseSubject, type Subject, type SubjectKind, writeSubject } from '../domain/kernel/index.ts';
import type { ActionName, Operation } from './action.ts';
import { bookPayoutAsMade } from './payouts/book-as-made.ts';
import { clearFlag } from './kernel/clear-flag.ts';
import { giveBack } from './marketplace/give-back.ts';
import { giveUpPayout } from './payouts/give-up-payout.ts';
import { giveUpRefund } from './marketplace/give-up-refund.ts';
import { giveUpReversal } from './marketplace/give-up-reversal.ts';
import { markReturned } from './marketplace/mark-returned.ts';
import { refundOrder } from './marketplace/refund-order.ts';
import { replayWebhook } from './webhooks/replay-webhook.ts';
import { settleReversalOutside, writeReversalOff } from './marketplace/resolve-reversal.ts';
import { settleTransferOutside, writeTransferOff } from './marketplace/resolve-transfer.ts';
import { settleRefundOutside } from './marketplace/settle-refund-outside.ts';
import { retryPayout } from './payouts/retry-payout.ts';
import { retryReversal } from './marketplace/retry-reversal.ts';
import { retryTransfer } from './marketplace/retry-transfer.ts';

/** All that an operator may do to one row. */
const OPERATIONS: readonly Operation[] = [
  ...[retryTransfer, retryReversal, retryPayout],
  ...[giveUpReversal, giveUpPayout, giveUpRefund, bookPayoutAsMade],
  ...[settleRefundOutside, settleReversalOutside, writeReversalOff, settleTransferOutside, writeTransferOff],
  ...[refundOrder, giveBack, markReturned],
  ...[replayWebhook, clearFlag],
];

/** An action that is asked for on one row. */
export interface ActionAsk {
  readonly action: ActionName;
  /** `reversal/…`, `transfer/…`, `payout/…`, `order/…`, `refund/…`, `webhook/…` or `flag/…`. */
  readonly subject: string;
  /** Further parameters: an amount or items of a refund. */
  readonly params?: unknown;
}

export interface Found {
  readonly operation: Operation;
  readonly subject: Subject;
}

/**
 * Throws `action_unknown` where the row has no such action, and `validation_failed` where the parameters do not fit
 * it.
 */
export function findOperation({ action, subject: text, params }: ActionAsk): Found {
  const subject = parseSubject(text);
  if (subject === null) {
    throw new VezaError('action_unknown', `${text} names nothing that can be acted on.`);
  }
  const operation = OPERATIONS.find((one) => one.action === action && one.kind === subject.kind);
  if (operation === undefined) {
    const known = actionsOn(subject.kind);
    throw new VezaError(
      'action_unknown',
      `${writeSubject(subject)} knows no ${action}${known.length > 0 ? `, but ${known.join(', ')}` : ''}.`,
    );
  }
  if (params === undefined) return { operation, subject };
  if (operation.askedWith === undefined) {
    throw new VezaError('validation_failed', `${action} takes neither an amount nor items.`, {
      field: 'amount',
    });
  }
  return { operation: operation.askedWith(params), subject };
}

export const actionsOn = (kind: SubjectKind): ActionName[] =>
  OPERATIONS.filter((one) => one.kind === kind).map(({ action }) => action);
