import { machineAllows, type Machine } from '../kernel/index.ts';

export const PAYOUT_STATUSES = ['pending', 'paid', 'failed'] as const;
export type PayoutStatus = (typeof PAYOUT_STATUSES)[number];

/** What an open payout waits for without counting attempts. */
export const PAYOUT_WAITS = [
  'seller_funds',
  'stripe_key',
  'rate_limit',
  'account_gone',
  'amount_differs',
  'last_look',
  'look_up',
] as const;
export type PayoutWait = (typeof PAYOUT_WAITS)[number];

export const PAYOUT: Machine<PayoutStatus> = {
  name: 'payout',
  statuses: PAYOUT_STATUSES,
  // Banks return payouts days after they were paid.
  transitions: { pending: ['paid', 'failed'], paid: ['failed'], failed: [] },
};

export const canTransition = (from: string, to: string) => machineAllows(PAYOUT, from, to);
