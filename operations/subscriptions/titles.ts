export const SUBSCRIPTIONS_TITLES = {
  actions: {
    charge_now: { title: 'Charge now' },
    void_invoice: { title: 'Void the invoice' },
    refund_invoice: { title: 'Refund the invoice' },
    move_price: { title: 'Move to today’s price' },
    end_now: { title: 'End now' },
  },
  story: {
    subscription: 'Subscription',
    change: 'Change of plan',
    invoice: 'Invoice',
    attempt: 'Payment',
    setup: 'Card on file',
    mail: 'Mail',
  },
} as const;
