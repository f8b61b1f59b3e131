import { machineAllows, type Machine, type TransitionCause } from '../kernel/index.ts';

export const REFUND_STATUSES = ['pending', 'succeeded', 'failed', 'returned'] as const;
export type RefundStatus = (typeof REFUND_STATUSES)[number];

export const REFUND_KINDS = ['requested', 'external', 'payment_returned', 'dispute'] as const;
export type RefundKind = (typeof REFUND_KINDS)[number];

/** The refusals by which the PSP says, or lets us think, that it has the refund already. */
export const REFUND_EXISTS_BY = ['HE_01', 'IR_13'] as const;
export type RefundExistsBy = (typeof REFUND_EXISTS_BY)[number];

export const REFUND: Machine<RefundStatus> = {
  name: 'refund',
  statuses: REFUND_STATUSES,
  transitions: {
    pending: ['succeeded', 'failed'],
    // By a later report of the PSP: money that left is settled in full, even after a failure.
    failed: ['succeeded'],
    succeeded: [],
    returned: [],
  },
  // The bank sent the money back; a person who looked reverts the books.
  reviewedTransitions: { succeeded: ['returned'] },
  // A lost dispute took the money, and a later report of the PSP brings it back.
  wonBackTransitions: { succeeded: ['returned'] },
};

export const canTransition = (from: string, to: string, by?: TransitionCause) =>
  machineAllows(REFUND, from, to, by);
