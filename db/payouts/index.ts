export { askPayoutAgain } from './ask-again.ts';
export { bookDifferingPayout } from './book-differing.ts';
export { payoutLabel, type PayoutWork } from './label.ts';
export { lockPayout } from './lock.ts';
export { type Payout, sellerPayouts } from './schema.ts';
export { PAYOUTS_WORK } from './work.ts';
export { lockManyPayouts } from './lock-many.ts';
export { PAYOUTS_NAMED } from './named.ts';
export { readPayoutRows } from './story-rows.ts';
