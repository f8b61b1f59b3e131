import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { balanceSign, type Entry } from '../../domain/ledger/entries.ts';
import {
  orderCompleted,
  outsideReversal,
  paymentSuspended,
  refundSucceeded,
  reversalDone,
  reversedAfterAll,
  suspendedPaymentReturned,
  suspenseClaimed,
  transferCompleted,
} from '../../domain/marketplace/postings.ts';
import { payoutAsked, payoutFailed, payoutPaid, payoutReturned } from '../../domain/payouts/postings.ts';
import { sumMinor } from '../../domain/kernel/money.ts';

const minor = fc.oneof(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 1e9 }));
const seller = fc.constantFrom('ada', 'ben', 'cat');
const funds = fc.record({
  feesOwedMinor: minor,
  availableMinor: minor,
  owedMinor: minor,
});

const share = fc.oneof(
  fc.record({ sellerId: seller, amountMinor: minor, fees: minor }).map(({ fees, ...rest }) => ({
    ...rest,
    feesOwedMinor: Math.min(fees, rest.amountMinor),
    from: 'pending' as const,
  })),
  fc.record({ sellerId: seller, amountMinor: minor, set: minor, funds }).map(({ set, ...rest }) => ({
    ...rest,
    feesOwedMinor: 0,
    from: 'available' as const,
    suspenseMinor: Math.min(set, rest.amountMinor),
  })),
);

/** Every posting, with any amounts that its caller could have. */
const POSTINGS: Record<string, fc.Arbitrary<Entry[]>> = {
  orderCompleted: fc
    .tuple(fc.array(fc.tuple(seller, minor)), minor)
    .map(([nets, feeMinor]) => orderCompleted(new Map(nets), feeMinor)),
  paymentSuspended: minor.map(paymentSuspended),
  suspendedPaymentReturned: minor.map(suspendedPaymentReturned),
  transferCompleted: fc
    .tuple(seller, minor, minor, funds)
    .map(([id, sentMinor, kept, held]) => transferCompleted(id, sentMinor, Math.min(kept, sentMinor), held)),
  refundSucceeded: fc
    .tuple(fc.array(share), minor, minor)
    .map(([shares, feeMinor, excessMinor]) => refundSucceeded(shares, feeMinor, excessMinor)),
  reversalDone: fc.tuple(seller, minor).map(([id, amountMinor]) => reversalDone(id, amountMinor)),
  outsideReversal: fc
    .tuple(seller, minor, minor, funds)
    .map(([id, amountMinor, unclaimed, held]) =>
      outsideReversal(id, amountMinor, Math.min(unclaimed, amountMinor), held),
    ),
  suspenseClaimed: fc
    .tuple(seller, minor, funds)
    .map(([id, amountMinor, held]) => suspenseClaimed(id, amountMinor, held)),
  reversedAfterAll: fc
    .tuple(
      seller,
      minor,
      minor,
      fc.constantFrom('platform:losses' as const, 'suspense:seller' as const),
      funds,
    )
    .map(([id, amountMinor, gone, against, held]) =>
      reversedAfterAll(id, amountMinor, Math.min(gone, amountMinor), against, held),
    ),
  payoutAsked: fc.tuple(seller, minor).map(([id, amountMinor]) => payoutAsked(id, amountMinor)),
  payoutPaid: fc.tuple(seller, minor).map(([id, amountMinor]) => payoutPaid(id, amountMinor)),
  payoutFailed: fc
    .tuple(seller, minor, funds)
    .map(([id, amountMinor, held]) => payoutFailed(id, amountMinor, held)),
  payoutReturned: fc
    .tuple(seller, minor, funds)
    .map(([id, amountMinor, held]) => payoutReturned(id, amountMinor, held)),
};

const moved = (entries: readonly Entry[], account: string) =>
  sumMinor(entries.filter((entry) => entry.account === account).map((entry) => entry.amountMinor)) *
    balanceSign(account) +
  0;

describe.each(Object.entries(POSTINGS))('%s', (_, posting) => {
  test('sums to zero', () => {
    fc.assert(fc.property(posting, (entries) => sumMinor(entries.map((entry) => entry.amountMinor)) === 0));
  });
});

describe('credits and debits', () => {
  test('a transfer first lowers what is owed, then the fees that were kept', () => {
    fc.assert(
      fc.property(minor, funds, (keptMinor, held) => {
        const entries = transferCompleted('ada', keptMinor, keptMinor, held);
        const owedMinor = held.owedMinor + moved(entries, 'seller:ada:owed');
        const feesMinor = held.feesOwedMinor + moved(entries, 'seller:ada:fees_owed');
        const gainedMinor = moved(entries, 'seller:ada:available');
        const restMinor = Math.max(keptMinor - held.owedMinor, 0);
        expect(owedMinor).toBe(Math.max(held.owedMinor - keptMinor, 0));
        expect(feesMinor).toBe(Math.max(held.feesOwedMinor - restMinor, 0));
        expect(gainedMinor).toBe(Math.max(restMinor - held.feesOwedMinor, 0));
      }),
    );
  });

  test('a debit clamps available at zero, and the shortfall is owed', () => {
    fc.assert(
      fc.property(minor, minor, funds, (amountMinor, set, held) => {
        const suspenseMinor = Math.min(set, amountMinor);
        const entries = refundSucceeded(
          [{ sellerId: 'ada', amountMinor, feesOwedMinor: 0, from: 'available', suspenseMinor, funds: held }],
          0,
          0,
        );
        const fromSellerMinor = amountMinor - suspenseMinor;
        const availableMinor = held.availableMinor + moved(entries, 'seller:ada:available');
        expect(availableMinor).toBe(Math.max(held.availableMinor - fromSellerMinor, 0));
        expect(moved(entries, 'seller:ada:owed')).toBe(Math.max(fromSellerMinor - held.availableMinor, 0));
        expect(moved(entries, 'suspense:seller')).toBe(-suspenseMinor + 0);
      }),
    );
  });

  test('no posting takes a balance below zero that covers it', () => {
    fc.assert(
      fc.property(fc.array(share, { maxLength: 1 }), (shares) => {
        for (const entry of refundSucceeded(shares, 0, 0)) {
          const before = shares.flatMap((one) =>
            one.from === 'available' ? [one.funds.availableMinor] : [],
          )[0];
          if (entry.account === 'seller:ada:available')
            expect((before ?? 0) - entry.amountMinor).toBeGreaterThanOrEqual(0);
        }
      }),
    );
  });
});

describe('the postings of the table, in numbers', () => {
  const rich = { availableMinor: 1_000, owedMinor: 0, feesOwedMinor: 0 };
  const indebted = { availableMinor: 0, owedMinor: 300, feesOwedMinor: 0 };
  /** Without what is zero: `post` leaves those out. */
  const shown = (entries: readonly Entry[]) =>
    Object.fromEntries(
      entries
        .filter((entry) => entry.amountMinor !== 0)
        .map(({ account, amountMinor }) => [account, amountMinor]),
    );

  const cases: readonly (readonly [string, Entry[], Record<string, number>])[] = [
    [
      'an order completed',
      orderCompleted(
        new Map([
          ['ada', 90],
          ['ben', 180],
        ]),
        30,
      ),
      { 'cash:psp': 300, 'seller:ada:pending': -90, 'seller:ben:pending': -180, 'platform:revenue': -30 },
    ],
    ['a payment that the order cannot take', paymentSuspended(70), { 'cash:psp': 70, 'suspense:order': -70 }],
    ['its refund', suspendedPaymentReturned(70), { 'cash:psp': -70, 'suspense:order': 70 }],
    [
      'a transfer completed',
      transferCompleted('ada', 90, 90, rich),
      { 'cash:psp': -90, 'cash:connected:ada': 90, 'seller:ada:pending': 90, 'seller:ada:available': -90 },
    ],
    [
      'a transfer completed to a seller who owes',
      transferCompleted('ada', 900, 900, indebted),
      {
        'cash:psp': -900,
        'cash:connected:ada': 900,
        'seller:ada:pending': 900,
        'seller:ada:owed': -300,
        'seller:ada:available': -600,
      },
    ],
    [
      'a transfer of which a part was refunded meanwhile',
      transferCompleted('ada', 90, 60, rich),
      { 'cash:psp': -90, 'cash:connected:ada': 90, 'seller:ada:pending': 60, 'seller:ada:available': -60 },
    ],
    [
      'a refund before the transfer',
      refundSucceeded([{ sellerId: 'ada', amountMinor: 90, feesOwedMinor: 0, from: 'pending' }], 10, 0),
      { 'cash:psp': -100, 'seller:ada:pending': 90, 'platform:revenue': 10 },
    ],
    [
      'a refund after the transfer, beyond what is available',
      refundSucceeded(
        [
          {
            sellerId: 'ada',
            amountMinor: 90,
            feesOwedMinor: 0,
            from: 'available',
            suspenseMinor: 0,
            funds: { availableMinor: 50, owedMinor: 0, feesOwedMinor: 0 },
          },
        ],
        10,
        0,
      ),
      { 'cash:psp': -100, 'seller:ada:available': 50, 'seller:ada:owed': 40, 'platform:revenue': 10 },
    ],
    [
      'a refund beyond the captured amount',
      refundSucceeded([], 0, 25),
      { 'cash:psp': -25, 'platform:losses': 25 },
    ],
    ['a reversal', reversalDone('ada', 90), { 'cash:connected:ada': -90, 'cash:psp': 90 }],
    [
      'a reversal that is not ours',
      outsideReversal('ada', 90, 40, { availableMinor: 30, owedMinor: 0, feesOwedMinor: 0 }),
      {
        'cash:connected:ada': -90,
        'cash:psp': 90,
        'seller:ada:available': 30,
        'seller:ada:owed': 10,
        'suspense:seller': -40,
      },
    ],
    [
      'ours, covered by one that is not',
      suspenseClaimed('ada', 40, { availableMinor: 0, owedMinor: 10, feesOwedMinor: 0 }),
      { 'suspense:seller': 40, 'seller:ada:owed': -10, 'seller:ada:available': -30 },
    ],
    [
      'written off, 60 of it out of the connected account, and carried out after all',
      reversedAfterAll('ada', 90, 60, 'platform:losses', {
        availableMinor: 10,
        owedMinor: 0,
        feesOwedMinor: 0,
      }),
      {
        'cash:connected:ada': -30,
        'cash:psp': 90,
        'seller:ada:available': 10,
        'seller:ada:owed': 20,
        'platform:losses': -90,
      },
    ],
    [
      'settled outside, and carried out after all',
      reversedAfterAll('ada', 90, 0, 'suspense:seller', {
        availableMinor: 90,
        owedMinor: 0,
        feesOwedMinor: 0,
      }),
      {
        'cash:connected:ada': -90,
        'cash:psp': 90,
        'seller:ada:available': 90,
        'suspense:seller': -90,
      },
    ],
  ];

  test.each(cases)('%s', (_, entries, expected) => {
    expect(shown(entries)).toEqual(expected);
  });
});

test.each([
  ['cash:psp', 1],
  ['cash:connected:ada', 1],
  ['seller:ada:owed', 1],
  ['seller:ada:fees_owed', 1],
  ['platform:losses', 1],
  ['seller:ada:pending', -1],
  ['seller:ada:available', -1],
  ['seller:ada:paying_out', -1],
  ['platform:revenue', -1],
  ['suspense:order', -1],
  ['suspense:seller', -1],
])('%s is entered with the sign %i', (account, sign) => {
  expect(balanceSign(account)).toBe(sign);
});

describe('payouts', () => {
  const cash = 'cash:connected:ada';
  const [available, payingOut, owed] = ['seller:ada:available', 'seller:ada:paying_out', 'seller:ada:owed'];
  const changes = (entries: readonly Entry[]) =>
    [cash, available, payingOut, owed].map((account) => moved(entries, account!));

  test('asked: set aside, and still at the connected account', () => {
    expect(changes(payoutAsked('ada', 9_000))).toEqual([0, -9_000, 9_000, 0]);
  });

  test('paid: gone from both', () => {
    expect(changes(payoutPaid('ada', 9_000))).toEqual([-9_000, 0, -9_000, 0]);
  });

  test('failed before it was paid, or after: back, and first to what is owed', () => {
    fc.assert(
      fc.property(minor, funds, (amountMinor, held) => {
        const nettedMinor = Math.min(amountMinor, held.owedMinor);
        const back = [amountMinor - nettedMinor, -nettedMinor + 0];
        expect(changes(payoutFailed('ada', amountMinor, held))).toEqual([
          0,
          back[0],
          -amountMinor + 0,
          back[1],
        ]);
        expect(changes(payoutReturned('ada', amountMinor, held))).toEqual([amountMinor, back[0], 0, back[1]]);
      }),
    );
  });
});
