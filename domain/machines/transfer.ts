import { canMove, type Machine } from '../machine.ts';

export const TRANSFER_STATUSES = [
  'pending',
  'completed',
  'failed',
  'reversal_pending',
  'reversed',
  'permanently_failed',
] as const;
export type TransferStatus = (typeof TRANSFER_STATUSES)[number];

/** What a seller is sent. Back from `reversal_pending` to `completed` is a verb of its own, never a plain move. */
export const TRANSFER: Machine<TransferStatus> = {
  name: 'transfer',
  statuses: TRANSFER_STATUSES,
  moves: {
    pending: ['completed', 'failed'],
    failed: ['completed', 'permanently_failed'],
    completed: ['reversal_pending'],
    reversal_pending: ['reversed', 'permanently_failed'],
    reversed: [],
    permanently_failed: [],
  },
};

export const canTransition = (from: string, to: string) => canMove(TRANSFER, from, to);
