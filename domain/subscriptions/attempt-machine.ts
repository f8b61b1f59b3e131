import { machineAllows, type Machine } from '../kernel/index.ts';

export const ATTEMPT_STATUSES = ['pending', 'succeeded', 'failed', 'given_back'] as const;
export type AttemptStatus = (typeof ATTEMPT_STATUSES)[number];

/** An attempt to be paid for an invoice: a payment of its own at the PSP. */
export const ATTEMPT: Machine<AttemptStatus> = {
  name: 'attempt',
  statuses: ATTEMPT_STATUSES,
  transitions: {
    pending: ['succeeded', 'failed'],
    // The PSP's later word.
    failed: ['succeeded'],
    // Its invoice could not take the money.
    succeeded: ['given_back'],
    given_back: [],
  },
};

export const canTransition = (from: string, to: string) => machineAllows(ATTEMPT, from, to);

/** `final`: never charged again without the buyer. `retry`: the dunning schedule tries again. */
export const DECLINE_CLASSES = ['final', 'retry'] as const;
