/** Kinds of mails about a subscription. One a kind and subject is written, with the event that it tells of. */
export const SUBSCRIPTION_MAILS = [
  'subscription_started',
  'trial_started',
  'trial_ending',
  'trial_over',
  'invoice_receipt',
  'year_renews_soon',
  'payment_failed',
  'bank_wants_you',
  'subscription_recovered',
  'subscription_expired',
  'subscription_canceled',
  'subscription_taken_back',
  'subscription_changed',
  'change_failed',
  'invoice_refunded',
  'price_moves',
] as const;
export type SubscriptionMail = (typeof SUBSCRIPTION_MAILS)[number];
