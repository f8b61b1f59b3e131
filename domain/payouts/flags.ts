export const PAYOUTS_FLAGS = ['payout_gave_up', 'payout_paid_after_failed', 'outside_payout'] as const;
