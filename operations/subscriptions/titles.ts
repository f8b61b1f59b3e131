export const SUBSCRIPTIONS_TITLES = {
  actions: {},
  story: {
    subscription: 'Subscription',
    change: 'Change of plan',
    invoice: 'Invoice',
    attempt: 'Payment',
    setup: 'Card on file',
  },
} as const;
