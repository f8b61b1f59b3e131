import type { FlagKind } from '../../domain/flags.ts';
import { orderWorkflowId } from '../../domain/marketplace/index.ts';
import type { FlagWords } from '../row-kind.ts';
import { asks } from '../telling.ts';

/** Flags that call for more than a person who looks and clears them. */
export const MARKETPLACE_FLAGS: Readonly<Partial<Record<FlagKind, FlagWords>>> = {
  dispute_opened: {
    next: 'The dispute is answered and decided at the PSP. Until then the order cannot be refunded, and what its sellers have not got yet waits.',
  },
  dispute_unbooked: {
    next: 'What the PSP says of the dispute is on its row, and the books do not say it yet. Each sweep tries again, and clears this once it is booked.',
  },
  dispute_contradicted: {
    next: 'Nothing, until a person has looked at the PSP how the dispute really stands. What was known before is what is booked.',
  },
  failed_after_succeeded: { remedies: ({ subject }) => asks(subject, 'mark_returned') },
  give_back_failed: {
    next: 'The money is held for who paid it until it has gone back, which clears this.',
    remedies: ({ subject, orderId }) =>
      asks(orderId === null ? subject : orderWorkflowId(orderId), 'give_back'),
  },
  reversal_happened_after_all: { remedies: ({ subject }) => asks(subject, 'retry') },
  transfer_happened_after_all: {
    next: 'Stripe sent a transfer that had ended without it. One that failed for good: retry it, and it is adopted. Otherwise the seller has it twice: reverse it at Stripe, then clear this.',
    remedies: ({ subject }) => asks(subject, 'retry'),
  },
};
