import { canMove, type Machine, type Mover } from '../kernel/index.ts';

export const APPROVAL_STATUSES = ['pending', 'approved', 'rejected', 'expired'] as const;
export type ApprovalStatus = (typeof APPROVAL_STATUSES)[number];

/** An operator's action that waits for a second admin. Approving it and doing it are one transaction. */
export const APPROVAL: Machine<ApprovalStatus> = {
  name: 'approval',
  statuses: APPROVAL_STATUSES,
  // Time, or a change of what it is about, ends it without anybody.
  moves: { pending: ['expired'], approved: [], rejected: [], expired: [] },
  reviewedMoves: { pending: ['approved', 'rejected'] },
};

export const canTransition = (from: string, to: string, by?: Mover) => canMove(APPROVAL, from, to, by);
