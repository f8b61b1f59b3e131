import { machineAllows, type Machine } from '../kernel/index.ts';

export const PAYOUT_STATUSES = ['pending', 'paid', 'failed'] as const;
export type PayoutStatus = (typeof PAYOUT_STATUSES)[number];

export const PAYOUT: Machine<PayoutStatus> = {
  name: 'payout',
  statuses: PAYOUT_STATUSES,
  // Banks return payouts days after they were paid.
  transitions: { pending: ['paid', 'failed'], paid: ['failed'], failed: [] },
};

export const canTransition = (from: string, to: string) => machineAllows(PAYOUT, from, to);
