import { canMove, type Machine } from '../machine.ts';

export const DISPUTE_STATUSES = ['open', 'won', 'lost', 'cancelled'] as const;
export type DisputeStatus = (typeof DISPUTE_STATUSES)[number];

export const DISPUTE: Machine<DisputeStatus> = {
  name: 'dispute',
  statuses: DISPUTE_STATUSES,
  moves: { open: ['won', 'lost', 'cancelled'], won: [], lost: [], cancelled: [] },
};

export const canTransition = (from: string, to: string) => canMove(DISPUTE, from, to);
