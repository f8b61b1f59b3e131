import { expect, test } from 'vitest';
import { disputeVerdict, paymentVerdict, refundVerdict } from '../../providers/hyperswitch/verdicts.ts';

// Every word of the router's (docs/wire-hyperswitch.md), and one that it may learn.
test.each([
  ['succeeded', 'succeeded'],
  ['failed', 'failed'],
  ['cancelled', 'cancelled'],
  ['cancelled_post_capture', 'cancelled_post_capture'],
  ['processing', 'waiting'],
  ['requires_customer_action', 'waiting'],
  ['requires_merchant_action', 'waiting'],
  ['requires_payment_method', 'waiting'],
  ['requires_confirmation', 'waiting'],
  ['requires_capture', 'waiting'],
  ['partially_captured', 'partially_captured'],
  ['partially_captured_and_capturable', 'waiting'],
  ['partially_authorized_and_requires_capture', 'waiting'],
  ['partially_captured_and_processing', 'waiting'],
  ['conflicted', 'waiting'],
  ['expired', 'expired'],
  ['review', 'waiting'],
  ['SUCCEEDED', 'succeeded'],
  ['a_word_of_tomorrow', 'waiting'],
  ['', 'waiting'],
  ['constructor', 'waiting'],
])('payment %s → %s', (status, verdict) => {
  expect(paymentVerdict(status)).toBe(verdict);
});

test.each([
  ['succeeded', 'succeeded'],
  ['failed', 'failed'],
  ['pending', 'waiting'],
  ['review', 'waiting'],
  ['a_word_of_tomorrow', 'waiting'],
])('refund %s → %s', (status, verdict) => {
  expect(refundVerdict(status)).toBe(verdict);
});

test.each([
  ['dispute_opened', 'open'],
  ['dispute_challenged', 'open'],
  ['dispute_expired', 'expired'],
  ['dispute_accepted', 'lost'],
  ['dispute_lost', 'lost'],
  ['dispute_won', 'freed'],
  ['dispute_cancelled', 'freed'],
  ['won', 'freed'],
  ['dispute.lost', 'lost'],
  ['a_word_of_tomorrow', 'waiting'],
])('dispute %s → %s', (status, verdict) => {
  expect(disputeVerdict(status)).toBe(verdict);
});
