import { machineAllows, type Machine, type TransitionCause } from '../kernel/index.ts';

export const REVERSAL_STATUSES = [
  'pending',
  'reversed',
  'permanently_failed',
  'settled_outside',
  'written_off',
  'withdrawn',
] as const;
export type ReversalStatus = (typeof REVERSAL_STATUSES)[number];

/** What an open reversal waits for without counting attempts. */
export const REVERSAL_WAITS = ['seller_funds', 'stripe_key', 'rate_limit', 'amount_differs'] as const;
export type ReversalWait = (typeof REVERSAL_WAITS)[number];

export const REVERSAL: Machine<ReversalStatus> = {
  name: 'reversal',
  statuses: REVERSAL_STATUSES,
  transitions: {
    pending: ['reversed', 'permanently_failed'],
    reversed: [],
    permanently_failed: [],
    settled_outside: [],
    written_off: [],
    withdrawn: [],
  },
  // A person may settle, write off or withdraw, with a reason, what automation gave up on.
  reviewedTransitions: {
    permanently_failed: ['settled_outside', 'written_off', 'withdrawn'],
    // Stripe carried it out after all.
    written_off: ['settled_outside', 'reversed'],
  },
  // The reversal's dispute was won: the seller may keep what could not be taken back.
  wonBackTransitions: { permanently_failed: ['withdrawn'] },
};

/** Ended by a person. Stripe may still have carried the reversal out. */
export const ENDED_BY_PERSON: readonly ReversalStatus[] = ['settled_outside', 'written_off', 'withdrawn'];

export const canTransition = (from: string, to: string, by?: TransitionCause) =>
  machineAllows(REVERSAL, from, to, by);
