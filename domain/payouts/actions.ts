import { type ActionWords, RETRY_IN_TEMPORAL } from '../kernel/index.ts';

/** What operators may do to a payout, in the words of the ops console and of its page in Temporal's UI. */
export const PAYOUT_ACTIONS = {
  retry: { effect: 'Its next attempt, or its look at Stripe, is now.', inTemporal: RETRY_IN_TEMPORAL },
  give_up: {
    effect:
      'Its workflow looks at Stripe. If no payout is there, it fails and the seller has the money back; what Stripe has goes on.',
    inTemporal:
      'Send the signal `giveUp` with a reason: the seller has the money back, once Stripe’s list shows no payout.',
  },
  book_as_made: {
    effect:
      'What Stripe made counts, as its flag says: what it takes less is available again, what it takes more comes out of what is available. Stripe’s word then ends it.',
  },
} as const satisfies Readonly<Record<string, ActionWords>>;

/** And to what a seller owes, in the words of the ops console. */
export const DEBT_ACTIONS = {
  settled_outside: {
    effect: 'The seller has paid what they owe in another way: the debt is gone, and no money of ours moves.',
  },
  written_off: {
    effect: 'Nobody will pay what the seller owes: the debt is gone, and it is our loss.',
  },
} as const satisfies Readonly<Record<string, ActionWords>>;
