import { type ActionWords, RETRY_IN_TEMPORAL } from '../kernel/index.ts';

// What operators may do, in words: the ops console and the workflows' pages in Temporal's UI both read these.

type Words = Readonly<Record<string, ActionWords>>;

export const ORDER_ACTIONS = {
  refund: { effect: 'A refund of the amount is opened, and the payment provider is asked for it.' },
  give_back: { effect: 'A new refund gives the buyer back all that is still held of the payment.' },
} as const satisfies Words;

export const REFUND_ACTIONS = {
  give_back: {
    effect: 'A new refund gives back all that is still held of the payment that this one did not give back.',
  },
  give_up: {
    effect:
      'The PSP is looked at, and if it does not know the refund, it is asked for no more. Once it is still not known there when no call can land any more, it fails, and what it is of is free. What the PSP has goes on. One that is held fails at once: the PSP gave nothing back.',
  },
  settled_outside: {
    effect:
      'The refund is booked as it was asked for: the buyer has that money, whatever the PSP calls it. Sellers give their shares back.',
  },
  mark_returned: {
    effect:
      'The books of the refund are reverted, the licences stand again, and sellers are sent again what they gave back.',
  },
} as const satisfies Words;

export const TRANSFER_ACTIONS = {
  retry: {
    effect: (status) =>
      status === 'permanently_failed'
        ? 'A new transfer takes its place. It asks Stripe’s list about the old one, and sends the money only if it is not there.'
        : 'Its next attempt is now. The number of retries stays as it is.',
    inTemporal: RETRY_IN_TEMPORAL,
  },
  settled_outside: {
    effect: (status) =>
      status === 'written_off'
        ? 'What had been kept as revenue is paid out after all: the seller has been paid some other way.'
        : 'It is not pending any more: the seller has been paid some other way. A refund of it is then owed by them.',
  },
  written_off: {
    effect: 'It is not pending any more, and stays with the platform: nobody will be paid it.',
  },
} as const satisfies Words;

const RETRIED_REVERSAL: Readonly<Record<string, string>> = {
  pending: 'Its next attempt is now. The number of retries stays as it is.',
  permanently_failed:
    'A new reversal takes its place. It looks at Stripe for every earlier one, and takes the money back only if none is there.',
  written_off:
    'Stripe is looked at. If it carried this out after all, the loss is taken back and it is reversed; otherwise nothing changes.',
};

export const REVERSAL_ACTIONS = {
  retry: {
    effect: (status) =>
      RETRIED_REVERSAL[status] ??
      'Stripe is looked at. If it carried this out after all, what it took is kept for the seller; otherwise nothing changes.',
    inTemporal: RETRY_IN_TEMPORAL,
  },
  give_up: {
    effect:
      'Its workflow looks at Stripe once more. If our reversal is not seen there, also since Stripe cannot be asked, it ends permanently_failed, to be settled by a person; a retry looks again.',
    inTemporal:
      'Send the signal `giveUp` with a reason to end the retries; the reversal is then settled by a person.',
  },
  settled_outside: {
    effect: (status) =>
      status === 'written_off'
        ? 'The loss that was booked is taken back: the seller has paid some other way.'
        : 'What the seller owes goes down, the rest becomes available to them: they have paid some other way.',
  },
  written_off: {
    effect: 'What the seller owes goes down, and the platform books the loss: nobody will pay it.',
  },
} as const satisfies Words;
