import { machineAllows, type Machine, type TransitionCause } from '../kernel/index.ts';

export const APPROVAL_STATUSES = ['pending', 'approved', 'rejected', 'expired'] as const;
export type ApprovalStatus = (typeof APPROVAL_STATUSES)[number];

/** An operator's action that waits for a second admin. Approving it and doing it are one transaction. */
export const APPROVAL: Machine<ApprovalStatus> = {
  name: 'approval',
  statuses: APPROVAL_STATUSES,
  // An approval ends without a person when its time is over or its subject has changed.
  transitions: { pending: ['expired'], approved: [], rejected: [], expired: [] },
  reviewedTransitions: { pending: ['approved', 'rejected'] },
};

export const canTransition = (from: string, to: string, by?: TransitionCause) =>
  machineAllows(APPROVAL, from, to, by);
