import { machineAllows, type Machine, type TransitionCause } from '../kernel/index.ts';

export const REFUND_STATUSES = ['pending', 'succeeded', 'failed', 'returned'] as const;
export type RefundStatus = (typeof REFUND_STATUSES)[number];

export const REFUND_KINDS = ['requested', 'external', 'payment_returned', 'dispute'] as const;
export type RefundKind = (typeof REFUND_KINDS)[number];

/** The PSP's refusals of a refund that say, or let us think, that it is there already. */
export const REFUND_EXISTS_BY = ['HE_01', 'IR_13'] as const;
export type RefundExistsBy = (typeof REFUND_EXISTS_BY)[number];

export const REFUND: Machine<RefundStatus> = {
  name: 'refund',
  statuses: REFUND_STATUSES,
  transitions: {
    pending: ['succeeded', 'failed'],
    // The PSP's later word: money that left is settled in full, whatever was believed before.
    failed: ['succeeded'],
    succeeded: [],
    returned: [],
  },
  // The bank sent the money back; the books are reverted by a person who looked.
  reviewedTransitions: { succeeded: ['returned'] },
  // What a lost dispute took, and a later word of the PSP brings back.
  wonBackTransitions: { succeeded: ['returned'] },
};

export const canTransition = (from: string, to: string, by?: TransitionCause) =>
  machineAllows(REFUND, from, to, by);
