import { machineAllows, type Machine } from '../kernel/index.ts';

export const DISPUTE_STATUSES = ['open', 'won', 'lost', 'cancelled'] as const;
export type DisputeStatus = (typeof DISPUTE_STATUSES)[number];

/**
 * How far a dispute has gone, in Hyperswitch's words and order. A dispute never goes back to an earlier stage, and at
 * a new stage it may have any status again. Source: juspay/hyperswitch, router,
 * `validate_dispute_stage_and_dispute_status`.
 */
export const DISPUTE_STAGES = [
  'pre_dispute',
  'dispute',
  'pre_arbitration',
  'arbitration',
  'dispute_reversal',
] as const;
export type DisputeStage = (typeof DISPUTE_STAGES)[number];

/** Why the books cannot say yet what the PSP says of a dispute. */
export const UNBOOKED_WHYS = ['not_our_money', 'suspended', 'in_flight'] as const;
export type UnbookedWhy = (typeof UNBOOKED_WHYS)[number];

/** No status is final: a lost dispute may be won at the next stage, and a won one may be opened again. */
export const DISPUTE: Machine<DisputeStatus> = {
  name: 'dispute',
  statuses: DISPUTE_STATUSES,
  transitions: {
    open: ['won', 'lost', 'cancelled'],
    won: ['open', 'lost', 'cancelled'],
    lost: ['open', 'won', 'cancelled'],
    cancelled: ['open', 'won', 'lost'],
  },
};

export const canTransition = (from: string, to: string) => machineAllows(DISPUTE, from, to);
