export const SUBSCRIPTIONS_FLAGS = [
  'phantom',
  'renewal_unanswered',
  'double_payment',
  'psp_retries_itself',
  'invoice_payment_held',
] as const;
