export { askPayoutAgain } from './ask-again.ts';
export { bookDifferingPayout } from './book-differing.ts';
export { payoutLabel, type PayoutWork } from './label.ts';
export { lockPayout } from './lock.ts';
export { type Payout, sellerPayouts } from './schema.ts';
