/** What work at Stripe waits for without counting attempts, by the words of its row. */
export const STRIPE_WAITS: Readonly<Record<string, string>> = {
  stripe_account: 'It goes on once the seller has connected a Stripe account that can be paid.',
  platform_balance:
    'It goes on once the platform’s balance at Stripe is enough; it is asked again regularly.',
  seller_funds:
    'It goes on once the seller has enough at Stripe; it is asked again regularly, and when a transfer to them completes.',
  stripe_key: 'Stripe refuses our key: it goes on once the key works.',
  rate_limit: 'Stripe asked us to slow down: it goes on at its time.',
  account_gone:
    'Its account at Stripe is gone, and an answer was lost: give it up once the seller says that the bank never got it.',
  amount_differs:
    'Stripe made it of another amount, which is not booked and not asked for again: the flag says how much it was. Taken back or cancelled at Stripe, it is asked for anew; a payout may be booked as it is.',
  last_look:
    'An answer was lost, and Stripe’s list shows nothing: it is looked for once more at its time, and then ends.',
  look_up: 'Stripe’s list could not be read: nothing is decided before it was.',
};
