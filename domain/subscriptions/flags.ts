export const SUBSCRIPTIONS_FLAGS = [
  'phantom',
  'renewal_unanswered',
  'double_payment',
  'psp_retries_itself',
] as const;
