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
  // What automation gave up on, a person may still settle, write off or withdraw, with a reason.
  reviewedTransitions: {
    permanently_failed: ['settled_outside', 'written_off', 'withdrawn'],
    // Stripe carried it out after all.
    written_off: ['settled_outside', 'reversed'],
  },
  // The dispute that it belongs to was won: the seller may keep what could not be taken back.
  wonBackTransitions: { permanently_failed: ['withdrawn'] },
};

/** Ended by a person, who may not have known that Stripe would carry it out after all. */
export const ENDED_BY_PERSON: readonly ReversalStatus[] = ['settled_outside', 'written_off', 'withdrawn'];

export const canTransition = (from: string, to: string, by?: TransitionCause) =>
  machineAllows(REVERSAL, from, to, by);
