import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseStripeEvent } from '../../providers/webhooks/stripe-event.ts';

const REVERSAL = {
  id: 'trr_x',
  object: 'transfer_reversal',
  amount: 100,
  created: 1659369758,
  currency: 'eur',
  metadata: { reversal_id: 'r1', refund_id: 'f1' },
  transfer: 'tr_x',
};
const TRANSFER = {
  id: 'tr_x',
  object: 'transfer',
  amount: 948,
  amount_reversed: 100,
  created: 1659369757,
  currency: 'eur',
  destination: 'acct_x',
  metadata: { order_id: 'o1', transfer_id: 't1' },
  reversals: { object: 'list', data: [REVERSAL], has_more: false },
  reversed: false,
  source_transaction: null,
  transfer_group: 'o1',
};
const PAYOUT = {
  id: 'po_x',
  object: 'payout',
  amount: 500,
  currency: 'eur',
  status: 'failed',
  metadata: { payout_id: 'w1' },
  failure_code: 'account_closed',
  failure_message: 'The bank account has been closed',
};
const ACCOUNT = {
  id: 'acct_x',
  object: 'account',
  metadata: { user_id: 'u1' },
  charges_enabled: true,
  payouts_enabled: false,
  details_submitted: true,
  requirements: { currently_due: ['external_account'], disabled_reason: 'requirements.past_due' },
};

function event(type: string, object: unknown, account?: string) {
  return { id: 'evt_1', object: 'event', type, account, created: 1659369759, data: { object } };
}

const BASE = { eventId: 'evt_1', account: null, createdAtMs: 1659369759000, mode: null };

describe('transfers', () => {
  test.each(['transfer.created', 'transfer.updated', 'transfer.reversed'])('%s', (type) => {
    expect(parseStripeEvent(event(type, TRANSFER))).toEqual({
      subject: 'transfer',
      ...BASE,
      type,
      transfer: {
        stripeTransferId: 'tr_x',
        amountMinor: 948,
        amountReversedMinor: 100,
        currency: 'EUR',
        destination: 'acct_x',
        transferGroup: 'o1',
        sourceTransaction: null,
        reversed: false,
        orderId: 'o1',
        transferId: 't1',
        createdAtMs: 1659369757000,
      },
      reversals: [
        {
          stripeReversalId: 'trr_x',
          amountMinor: 100,
          currency: 'EUR',
          reversalId: 'r1',
          refundId: 'f1',
          createdAtMs: 1659369758000,
        },
      ],
      reversalsComplete: true,
    });
  });

  test.each([
    ['more than the event carries', { data: [REVERSAL], has_more: true }],
    ['none included', undefined],
    ['one that cannot be read', { data: [REVERSAL, { id: 'trr_y' }], has_more: false }],
  ])('reversals incomplete: %s', (_name, reversals) => {
    const parsed = parseStripeEvent(event('transfer.reversed', { ...TRANSFER, reversals }));
    expect(parsed).toMatchObject({ subject: 'transfer', reversalsComplete: false });
  });
});

test.each(['payout.paid', 'payout.failed', 'payout.canceled'])('%s', (type) => {
  expect(parseStripeEvent(event(type, PAYOUT, 'acct_x'))).toEqual({
    subject: 'payout',
    ...BASE,
    account: 'acct_x',
    type,
    stripePayoutId: 'po_x',
    payoutId: 'w1',
    status: 'failed',
    amountMinor: 500,
    currency: 'EUR',
    failureCode: 'account_closed',
    failureMessage: 'The bank account has been closed',
  });
});

test('account.updated', () => {
  expect(parseStripeEvent(event('account.updated', ACCOUNT, 'acct_x'))).toEqual({
    subject: 'account',
    ...BASE,
    account: 'acct_x',
    type: 'account.updated',
    stripeAccountId: 'acct_x',
    userId: 'u1',
    chargesEnabled: true,
    payoutsEnabled: false,
    detailsSubmitted: true,
    requirementsDue: ['external_account'],
    disabledReason: 'requirements.past_due',
  });
});

test('another type is not ours', () => {
  expect(parseStripeEvent(event('charge.succeeded', {}))).toEqual({
    subject: 'other',
    ...BASE,
    type: 'charge.succeeded',
  });
});

test.each([
  ['nothing', null, 'not_an_event'],
  ['no id', { type: 'payout.paid', created: 1, data: { object: PAYOUT } }, 'not_an_event'],
  ['a type of ours with another object', event('transfer.reversed', PAYOUT), 'unexpected_object'],
  ['half a transfer', event('transfer.reversed', { id: 'tr_x', object: 'transfer' }), 'unexpected_object'],
])('invalid: %s', (_name, json, reason) => {
  expect(parseStripeEvent(json)).toMatchObject({ subject: 'invalid', reason });
});

test('parsing never throws', () => {
  const types = fc.constantFrom('transfer.reversed', 'payout.paid', 'account.updated', 'x');
  const likeEvents = fc.tuple(types, fc.jsonValue()).map(([type, object]) => event(type, object));
  fc.assert(
    fc.property(fc.oneof(fc.jsonValue(), likeEvents), (json) => {
      expect(parseStripeEvent(json).subject).toBeTypeOf('string');
    }),
    { numRuns: 1_000 },
  );
});
