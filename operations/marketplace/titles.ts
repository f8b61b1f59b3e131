export const MARKETPLACE_TITLES = {
  actions: {
    refund: { title: 'Refund' },
    give_back: { title: 'Give the payment back', isResolution: true },
    mark_returned: { title: 'Mark as returned', isResolution: true },
  },
  story: {
    order: 'Order',
    dispute: 'Dispute',
    refund: 'Refund',
    transfer: 'Transfer',
    reversal: 'Reversal',
  },
} as const;
