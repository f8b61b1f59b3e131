import type { SubjectPart } from '../row-kind.ts';

export { STRIPE_WAITS } from './waits.ts';

/** What operators know of sellers' accounts: no row of their own, but what is flagged of them. */
export const SELLERS = {
  rows: [],
  stuck: {},
  flags: {
    account_gone: {
      next: 'It is cleared once the account can be read again or the seller has connected another. What is to be sent waits for that; what cannot be taken back is settled by a person.',
    },
  },
} as const satisfies SubjectPart;
