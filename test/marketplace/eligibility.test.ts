import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  decideRefund,
  maySee,
  type RefundableOrder,
  type RefundAsk,
  refundDeadlineMs,
} from '../../domain/marketplace/eligibility.ts';
import type { ErrorCode } from '../../domain/errors.ts';
import { ORDER_STATUSES } from '../../domain/marketplace/order-machine.ts';
import type { Caller } from '../../domain/accounts/roles.ts';
import { allocatedMinor } from '../../domain/marketplace/shares.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
const NOW_MS = Date.UTC(2026, 0, 20);

const BUYER: Caller = { userId: 'buyer', role: 'user' };
const ADA: Caller = { userId: 'ada', role: 'artist' };
const BEN: Caller = { userId: 'ben', role: 'producer' };
const ADMIN: Caller = { userId: 'admin', role: 'admin' };
const MODERATOR: Caller = { userId: 'mod', role: 'moderator' };
const STRANGER: Caller = { userId: 'stranger', role: 'user' };

const ORDER: RefundableOrder = {
  id: 'order-1',
  buyerId: 'buyer',
  status: 'completed',
  currency: 'EUR',
  capturedMinor: 14_500,
  suspended: false,
  refundOpen: false,
  disputeOpen: false,
  refundDeadlineMs: NOW_MS + DAY_MS,
  completedAtMs: NOW_MS - 13 * DAY_MS,
  createdAtMs: NOW_MS - 13 * DAY_MS,
  items: [
    { orderItemId: 'item-a', sellerId: 'ada', sellerLeftMinor: 2_250, feeLeftMinor: 250 },
    { orderItemId: 'item-b', sellerId: 'ben', sellerLeftMinor: 10_800, feeLeftMinor: 1_200 },
  ],
};
const spent = ORDER.items.map((item) => ({ ...item, sellerLeftMinor: 0, feeLeftMinor: 0 }));

const decide = (order: Partial<RefundableOrder> = {}, ask: Partial<RefundAsk> = {}, nowMs = NOW_MS) =>
  decideRefund({ ...ORDER, ...order }, { caller: BUYER, ...ask }, nowMs);
const codeOf = (decision: ReturnType<typeof decide>) =>
  'refusal' in decision ? decision.refusal.code : 'opens';

describe('whether a refund opens', () => {
  const cases: readonly (readonly [
    name: string,
    order: Partial<RefundableOrder>,
    ask: Partial<RefundAsk>,
    code: ErrorCode | 'opens',
  ])[] = [
    ['the buyer, of all', {}, {}, 'opens'],
    ['a seller, of their own', {}, { caller: ADA }, 'opens'],
    ['an admin', {}, { caller: ADMIN }, 'opens'],
    ['a partly refunded order', { status: 'partially_refunded' }, {}, 'opens'],
    ['the last moment of the window', { refundDeadlineMs: NOW_MS }, {}, 'opens'],
    ['a stranger does not learn that it exists', {}, { caller: STRANGER }, 'order_not_found'],
    ['a moderator sees it and may not', {}, { caller: MODERATOR }, 'refund_forbidden'],
    ['one is open', { refundOpen: true }, {}, 'refund_already_requested'],
    ['refund_pending says so too', { status: 'refund_pending' }, {}, 'refund_already_requested'],
    ['not paid yet', { status: 'pending', capturedMinor: null }, {}, 'order_not_refundable'],
    ['failed', { status: 'failed' }, {}, 'order_not_refundable'],
    ['refunded', { status: 'refunded', items: spent }, {}, 'order_not_refundable'],
    ['no payment is known', { capturedMinor: null }, {}, 'order_has_no_payment'],
    ['disputed', { disputeOpen: true }, {}, 'order_disputed'],
    ['the window is over', { refundDeadlineMs: NOW_MS - 1 }, {}, 'refund_window_expired'],
    ['nothing is left', { items: spent }, {}, 'order_not_refundable'],
    [
      'nothing is left of the seller’s own',
      { items: [spent[0]!, ORDER.items[1]!] },
      { caller: ADA },
      'order_not_refundable',
    ],
    ['zero', {}, { amount: 0 }, 'refund_amount_invalid'],
    ['negative', {}, { amount: -1 }, 'refund_amount_invalid'],
    ['half a cent', {}, { amount: 0.5 }, 'refund_amount_invalid'],
    ['no number', {}, { amount: '100' }, 'refund_amount_invalid'],
    ['not a number', {}, { amount: Number.NaN }, 'refund_amount_invalid'],
    ['endless', {}, { amount: Infinity }, 'refund_amount_invalid'],
    ['a list', {}, { amount: [1] }, 'refund_amount_invalid'],
    ['true', {}, { amount: true }, 'refund_amount_invalid'],
    ['above what is left', {}, { amount: 14_501 }, 'refund_amount_invalid'],
    ['all that is left', {}, { amount: 14_500 }, 'opens'],
    ['one minor unit', {}, { amount: 1 }, 'opens'],
    ['null counts as absent', {}, { amount: null }, 'opens'],
    ['a seller, above their own', {}, { caller: ADA, amount: 2_501 }, 'refund_amount_invalid'],
    ['a seller, all of their own', {}, { caller: ADA, amount: 2_500 }, 'opens'],
    ['a named item', {}, { itemIds: ['item-a'] }, 'opens'],
    ['no item', {}, { itemIds: [] }, 'refund_amount_invalid'],
    ['an item of another order', {}, { itemIds: ['item-z'] }, 'refund_amount_invalid'],
    ['one known item and one not', {}, { itemIds: ['item-a', 'item-z'] }, 'refund_amount_invalid'],
    ['the same item twice', {}, { itemIds: ['item-a', 'item-a'] }, 'opens'],
    ['a seller, another’s item', {}, { caller: ADA, itemIds: ['item-b'] }, 'refund_amount_invalid'],
    ['an item and an amount', {}, { itemIds: ['item-a'], amount: 1 }, 'refund_amount_invalid'],
    [
      'an item of which nothing is left',
      { items: [spent[0]!, ORDER.items[1]!] },
      { itemIds: ['item-a'] },
      'order_not_refundable',
    ],
  ];

  test.each(cases)('%s', (_, order, ask, code) => {
    expect(codeOf(decide(order, ask))).toBe(code);
  });
});

describe('the order of the checks is part of the contract', () => {
  // Each line breaks every rule from its own on; the first that is broken answers.
  const everythingWrong: Partial<RefundableOrder> = {
    status: 'failed',
    capturedMinor: null,
    disputeOpen: true,
    refundDeadlineMs: NOW_MS - 1,
    items: spent,
  };
  test.each([
    [
      'permission to see',
      { ...everythingWrong, refundOpen: true, status: 'refund_pending' },
      STRANGER,
      'order_not_found',
    ],
    ['permission to refund', { ...everythingWrong, refundOpen: true }, MODERATOR, 'refund_forbidden'],
    ['a refund is open', { ...everythingWrong, refundOpen: true }, BUYER, 'refund_already_requested'],
    [
      'the status says so',
      { ...everythingWrong, status: 'refund_pending' },
      BUYER,
      'refund_already_requested',
    ],
    ['the status', everythingWrong, BUYER, 'order_not_refundable'],
    ['the payment', { ...everythingWrong, status: 'completed' }, BUYER, 'order_has_no_payment'],
    ['the dispute', { ...everythingWrong, status: 'completed', capturedMinor: 1 }, BUYER, 'order_disputed'],
    [
      'the window',
      { ...everythingWrong, status: 'completed', capturedMinor: 1, disputeOpen: false },
      BUYER,
      'refund_window_expired',
    ],
  ] as const)('%s', (_, order, caller, code) => {
    expect(codeOf(decide(order, { caller, amount: -1 }))).toBe(code);
  });

  test('only completed and partly refunded orders get past the status', () => {
    const refundable = ORDER_STATUSES.filter((status) => codeOf(decide({ status })) === 'opens');
    expect(refundable).toEqual(['completed', 'partially_refunded']);
  });
});

describe('the window', () => {
  test.each([
    ['its own deadline', { refundDeadlineMs: 5, completedAtMs: 7, createdAtMs: 9 }, 5],
    [
      '14 days from completion',
      { refundDeadlineMs: null, completedAtMs: 7, createdAtMs: 9 },
      7 + 14 * DAY_MS,
    ],
    [
      '14 days from creation',
      { refundDeadlineMs: null, completedAtMs: null, createdAtMs: 9 },
      9 + 14 * DAY_MS,
    ],
  ])('ends at %s', (_, order, endMs) => {
    expect(refundDeadlineMs(order)).toBe(endMs);
  });

  test('a refusal says when it ended', () => {
    const endedMs = NOW_MS - DAY_MS;
    const decision = decide({ refundDeadlineMs: endedMs });
    expect(decision).toMatchObject({
      refusal: {
        detail: expect.stringContaining(new Date(endedMs).toISOString()) as string,
        extra: { ended_at: new Date(endedMs).toISOString() },
      },
    });
  });
});

describe('what is refunded', () => {
  const planOf = (ask: Partial<RefundAsk>) => {
    const decision = decide({}, ask);
    if ('refusal' in decision) throw new Error(decision.refusal.code);
    return decision.plan;
  };

  test('nothing said: all that is left', () => {
    expect(planOf({})).toMatchObject({ amountMinor: 14_500, byItems: false });
  });

  test('a seller says nothing: all that is left of their own, by items', () => {
    expect(planOf({ caller: BEN })).toEqual({
      amountMinor: 12_000,
      byItems: true,
      allocations: [{ orderItemId: 'item-b', sellerId: 'ben', sellerMinor: 10_800, feeMinor: 1_200 }],
    });
  });

  test('a seller by amount: borne by their own items alone', () => {
    const { allocations, byItems } = planOf({ caller: ADA, amount: 100 });
    expect(allocations).toEqual([{ orderItemId: 'item-a', sellerId: 'ada', sellerMinor: 90, feeMinor: 10 }]);
    expect(byItems).toBe(false);
  });

  test('the buyer names an item: all of it, and its licence goes', () => {
    expect(planOf({ itemIds: ['item-a'] })).toMatchObject({ amountMinor: 2_500, byItems: true });
  });

  test('above what is left: the refusal says how much is', () => {
    expect(decide({}, { amount: 99_999 })).toMatchObject({
      refusal: { extra: { left_amount: 14_500 }, detail: expect.stringContaining('145.00 EUR') as string },
    });
  });

  test('by any amount: the allocations sum to it', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 14_500 }), (amount) => {
        const plan = planOf({ amount });
        expect(plan.amountMinor).toBe(amount);
        expect(allocatedMinor(plan.allocations)).toBe(amount);
      }),
    );
  });
});

test('who may see an order', () => {
  const seeing = [BUYER, ADA, BEN, ADMIN, MODERATOR, STRANGER].filter((caller) => maySee(ORDER, caller));
  expect(seeing).toEqual([BUYER, ADA, BEN, ADMIN, MODERATOR]);
});
