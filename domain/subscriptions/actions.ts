import { type ActionWords, RETRY_IN_TEMPORAL } from '../kernel/index.ts';

// What operators may do, in words: the ops console and the workflows' pages in Temporal's UI both read these.

type Words = Readonly<Record<string, ActionWords>>;

export const SUBSCRIPTION_ACTIONS = {
  retry: {
    effect:
      'Its workflow looks at what is due now, and the PSP is asked now about a payment that is under way. Nothing is charged twice: an attempt keeps its id.',
    inTemporal: RETRY_IN_TEMPORAL,
  },
  end_now: {
    effect:
      'It expires now and gives no features any more. Its open invoice is void, a payment that is under way is ended at the PSP, and no money that was paid goes back: refund its invoice for that.',
  },
  move_price: {
    effect:
      'Its person is told by mail, and its first renewal 30 days or more from now has today’s price of its plan and cycle.',
  },
} as const satisfies Words;

export const INVOICE_ACTIONS = {
  retry: {
    effect: 'The PSP is asked now about its payment, under the same id.',
  },
  charge_now: {
    effect:
      'The card on file is charged now, in a new attempt that its subscription’s schedule does not count. A payment that is under way is asked about instead.',
  },
  void_invoice: {
    effect:
      'It is not owed any more, and a payment that still comes goes back. A change of plan fails, and all else stays; a subscription whose period it was for ends now.',
  },
  refund_invoice: {
    effect:
      'A refund of the amount is opened, and the PSP is asked for it. In full it ends the subscription once it succeeds, if this is the invoice that it has its features by; a part ends it only where that is asked for.',
  },
} as const satisfies Words;
