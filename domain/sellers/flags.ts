/** Of sellers' accounts at Stripe, and of our key, by which we reach them. */
export const SELLERS_FLAGS = ['account_gone', 'seller_funds_short', 'stripe_refuses_our_key'] as const;
