import { machineAllows, type Machine } from '../kernel/index.ts';

export const CHANGE_STATUSES = ['pending', 'scheduled', 'applied', 'failed', 'replaced'] as const;
export type ChangeStatus = (typeof CHANGE_STATUSES)[number];

/** A wish for another price: `pending` waits for its payment, `scheduled` for the period's end. */
export const CHANGE: Machine<ChangeStatus> = {
  name: 'change',
  statuses: CHANGE_STATUSES,
  transitions: {
    pending: ['applied', 'failed'],
    scheduled: ['applied', 'replaced'],
    applied: [],
    failed: [],
    replaced: [],
  },
};

export const canTransition = (from: string, to: string) => machineAllows(CHANGE, from, to);
