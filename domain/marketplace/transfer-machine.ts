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

/** What an open transfer waits for without counting attempts. */
export const TRANSFER_WAITS = [
  'stripe_account',
  'platform_balance',
  'stripe_key',
  'rate_limit',
  'dispute',
  'amount_differs',
  'last_look',
  'look_up',
] as const;
export type TransferWait = (typeof TRANSFER_WAITS)[number];

/**
 * What a seller is sent. A verb of its own leads back from `reversal_pending` to `completed`, never a plain
 * transition.
 */
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
  // A person may settle or write off, with a reason, a share that can never be sent.
  reviewedTransitions: {
    permanently_failed: ['settled_outside', 'written_off'],
    // The seller was paid after all.
    written_off: ['settled_outside'],
  },
};

/** A person has said who has the money: nothing is pending, and nothing will be sent. */
export const RESOLVED: readonly TransferStatus[] = ['settled_outside', 'written_off'];

export const canTransition = (from: string, to: string, by?: TransitionCause) =>
  machineAllows(TRANSFER, from, to, by);
