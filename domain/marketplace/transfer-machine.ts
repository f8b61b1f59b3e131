import { machineAllows, type Machine, type TransitionCause } from '../kernel/index.ts';

export const TRANSFER_STATUSES = [
  'pending',
  'completed',
  'failed',
  'reversal_pending',
  'reversed',
  'permanently_failed',
  'settled_outside',
  'written_off',
] as const;
export type TransferStatus = (typeof TRANSFER_STATUSES)[number];

/** What a seller is sent. Back from `reversal_pending` to `completed` is a verb of its own, never a plain move. */
export const TRANSFER: Machine<TransferStatus> = {
  name: 'transfer',
  statuses: TRANSFER_STATUSES,
  transitions: {
    pending: ['completed', 'failed'],
    failed: ['completed', 'permanently_failed'],
    completed: ['reversal_pending'],
    reversal_pending: ['reversed', 'permanently_failed'],
    reversed: [],
    permanently_failed: [],
    settled_outside: [],
    written_off: [],
  },
  // A share that can never be sent, a person may still settle or write off, with a reason.
  reviewedTransitions: {
    permanently_failed: ['settled_outside', 'written_off'],
    // The seller was paid after all.
    written_off: ['settled_outside'],
  },
};

/** A person has said who has the money: nothing of it is pending, and nothing is to be sent. */
export const RESOLVED: readonly TransferStatus[] = ['settled_outside', 'written_off'];

export const canTransition = (from: string, to: string, by?: TransitionCause) =>
  machineAllows(TRANSFER, from, to, by);
