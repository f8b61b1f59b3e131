export const PAYOUTS_TITLES = {
  actions: { book_as_made: { title: 'Book it as Stripe has it', isResolution: true } },
  story: { payout: 'Payout', balance: 'Balance' },
} as const;
