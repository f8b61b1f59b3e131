import type { WorkRow } from '../db/operators/index.ts';
import type { ActionAsk } from './index.ts';

/** What happens next without a person, and what it waits for, in a sentence. */
export function whatNext(row: Pick<WorkRow, 'kind' | 'status' | 'waitingFor' | 'nextAttemptAt'>): string {
  switch (row.kind) {
    case 'order':
      return 'Its payment’s webhook decides. Sweeps ask the PSP meanwhile, and an unpaid order fails at its time.';
    case 'refund':
      return row.waitingFor === null
        ? 'The PSP has it, and its webhook decides. Sweeps ask the PSP in case that was lost.'
        : (WAITS[row.waitingFor] ?? retried(row));
    case 'orphan':
      if (row.waitingFor !== null) return WAITS[row.waitingFor] ?? retried(row);
      return 'Its workflow asks the PSP until the answer is known. A sweep fails it only if no workflow asks and the PSP twice does not know it.';
    case 'transfer':
    case 'reversal':
    case 'payout':
      return row.waitingFor === null ? retried(row) : (WAITS[row.waitingFor] ?? retried(row));
    case 'webhook':
      return row.status === 'unmatched'
        ? 'It is about something that we do not know. Each sweep of its first day dispatches it again.'
        : 'Each sweep dispatches it again, until its workflow has it.';
    case 'failed_transfer':
      return 'Nothing, until a person retries it, or says how it was settled: the seller has not got the money.';
    case 'failed_reversal':
      return 'Nothing, until a person retries it, or says how it was settled: the seller still has the money.';
    case 'flag':
      return FLAGS[row.status] ?? 'Nothing, until a person has looked and clears it.';
    case 'approval':
      return row.status === 'approved'
        ? 'It was agreed to and done, but the engine was not told: after a minute any admin may approve it again, which tells it.'
        : 'Nothing, until another admin than the one who asked agrees or refuses.';
  }
}

const retried = ({ nextAttemptAt }: Pick<WorkRow, 'nextAttemptAt'>) =>
  nextAttemptAt === null
    ? 'Its workflow attempts it next.'
    : 'Its workflow attempts it again at its time, until its retries are exhausted.';

/** What a row waits for without counting attempts, by its `waiting_for`. */
const WAITS: Readonly<Record<string, string>> = {
  stripe_account: 'It goes on once the seller has connected a Stripe account that can be paid.',
  platform_balance:
    'It goes on once the platform’s balance at Stripe is enough; it is asked again regularly.',
  seller_funds:
    'It goes on once the seller has enough at Stripe; it is asked again regularly, and when a transfer to them completes.',
  stripe_key: 'Stripe refuses our key: it goes on once the key works.',
  rate_limit: 'Stripe asked us to slow down: it goes on at its time.',
  dispute: 'It goes on once the dispute of the payment is over.',
  account_gone:
    'Its account at Stripe is gone, and an answer was lost: give it up once the seller says that the bank never got it.',
  second_look:
    'An operator ended the asking: the PSP is looked at once more, and if it still does not know it, it fails.',
  psp_read_side:
    'The PSP says that it has it and does not show it yet: it is asked for until it does, and never fails before.',
  amount_differs:
    'Stripe made it of another amount, which is not booked and not asked for again: the flag says how much it was. Taken back or cancelled at Stripe, it is asked for anew; a payout may be booked as it is.',
  last_look:
    'An answer was lost, and Stripe’s list shows nothing: it is looked for once more at its time, and then ends.',
  held: 'The PSP gave back another currency or nothing, which cannot be booked: the flag says what. Corrected there, the next sweep books it; else a person says what the buyer has.',
  look_up: 'Stripe’s list could not be read: nothing is decided before it was.',
};

/** What flags wait for that a look alone does not clear. */
const FLAGS: Readonly<Record<string, string>> = {
  dispute_opened:
    'The dispute is answered and decided at the PSP. Until then the order cannot be refunded, and what its sellers have not got yet waits.',
  account_gone:
    'It is cleared once the account can be read again or the seller has connected another. What is to be sent waits for that; what cannot be taken back is settled by a person.',
  transfer_happened_after_all:
    'Stripe sent a transfer that had ended without it. One that failed for good: retry it, and it is adopted. Otherwise the seller has it twice: reverse it at Stripe, then clear this.',
  dispute_unbooked:
    'What the PSP says of the dispute is on its row, and the books do not say it yet. Each sweep tries again, and clears this once it is booked.',
  dispute_contradicted:
    'Nothing, until a person has looked at the PSP how the dispute really stands. What was known before is what is booked.',
  statement_exceptions:
    'Nothing, until a person has resolved each of its exceptions: the last one clears it.',
};

/** What an operator may do about the row. */
export function actionsFor({ kind, subject, id, orderId, status, waitingFor }: WorkRow): ActionAsk[] {
  switch (kind) {
    case 'transfer':
      return [{ action: 'retry', subject }];
    case 'reversal':
      return [
        { action: 'retry', subject },
        { action: 'give_up', subject },
      ];
    case 'payout':
      return [
        ...(waitingFor === 'amount_differs' ? [{ action: 'book_as_made', subject } as const] : []),
        { action: 'retry', subject },
        { action: 'give_up', subject },
      ];
    case 'webhook':
      return [{ action: 'replay_webhook', subject }];
    case 'failed_transfer':
    case 'failed_reversal':
      return [
        { action: 'retry', subject },
        { action: 'settled_outside', subject },
        { action: 'written_off', subject },
      ];
    case 'flag':
      return isClearedByRows(status)
        ? []
        : [...remedies(status, subject, orderId), { action: 'clear_flag', subject: `flag/${id}` }];
    case 'refund':
    case 'orphan':
      if (waitingFor === 'held')
        return [
          { action: 'settled_outside', subject },
          { action: 'give_up', subject },
        ];
      return kind === 'orphan' && waitingFor === null ? [{ action: 'give_up', subject }] : [];
    case 'order':
    case 'approval':
      return [];
  }
}

/** To clear such a flag would hide what is still open. */
const isClearedByRows = (flag: string) => flag === 'statement_exceptions';

/** Actions that deal with a flag, and clear it. */
function remedies(flag: string, subject: string, orderId: string | null): ActionAsk[] {
  if (flag === 'failed_after_succeeded') return [{ action: 'mark_returned', subject }];
  if (flag === 'reversal_happened_after_all' || flag === 'transfer_happened_after_all')
    return [{ action: 'retry', subject }];
  if (flag === 'give_back_failed' && orderId !== null)
    return [{ action: 'give_back', subject: `order/${orderId}` }];
  return [];
}
