import { afterAll, beforeAll, expect, it } from 'vitest';
import { installMovedClock } from '../harness/moved-clock.ts';
import { World } from '../harness/world.ts';
import {
  closeDispute,
  decide,
  external,
  openDispute,
  purchase,
  reopenDispute,
  requestRefund,
  winBack,
} from './buyers.ts';
import { Life } from './run.ts';
import * as subscriber from './subscription-deeds.ts';
import { makePhantom, sweepPhantoms } from './subscription-operators.ts';
import { decide as decideCharge, timePasses } from './subscription-outside.ts';
import { Life as SubscriberLife } from './subscription-run.ts';
import { lastOf, openOf } from './subscriptions.ts';
import { accountComesBack, accountGoes, findReversal, payOut, retryReversal } from './sellers.ts';

// Sequences that the model test once found, or should find sooner than its dice do.

let world: World;
beforeAll(async () => {
  // The model is of money: who has to agree to what, suites of their own try.
  world = await World.create({
    prepare: installMovedClock,
    env: { FOUR_EYES_ABOVE_MINOR: '1000000000', PSP_READ_LAG: '500ms' },
  });
});
afterAll(() => world.close());

it('a refund of a named item that succeeds after it had failed takes that item, and its licence alone', async () => {
  const { life, books } = await Life.begin(world, [true, true]);
  await purchase(life, books, { products: [0, 2], payment: 'as ordered', trouble: 'none' });
  const order = books.orders[0]!;
  const ask = { who: 'buyer', what: 'item', pick: 0, trouble: 'none' } as const;
  await requestRefund(life, books, order, { ...ask, outcome: 'fails' });
  await decide(life, books, order, order.refunds[0]!, { status: 'succeeded', trouble: 'none' });
  expect(order.revoked).toEqual(new Set([0]));
  await life.ended(books);
});

it('what others took of the item meanwhile comes out of the rest', async () => {
  const { life, books } = await Life.begin(world, [true, true]);
  await purchase(life, books, { products: [0, 2, 3], payment: 'as ordered', trouble: 'none' });
  const order = books.orders[0]!;
  const ask = { who: 'buyer', what: 'item', pick: 1, trouble: 'none' } as const;
  await requestRefund(life, books, order, { ...ask, outcome: 'fails' });
  await external(life, books, order, { amount: 600, trouble: 'none' });
  await decide(life, books, order, order.refunds[0]!, { status: 'succeeded', trouble: 'none' });
  await life.ended(books);
});

it('a refund of which the PSP does less than was asked for, and the rest after it', async () => {
  const { life, books } = await Life.begin(world, [true, true]);
  await purchase(life, books, { products: [0, 2], payment: 'as ordered', trouble: 'none' });
  const order = books.orders[0]!;
  const ask = { who: 'buyer', what: 'all', pick: 0, trouble: 'none' } as const;
  await requestRefund(life, books, order, { ...ask, outcome: 'stays open' });
  await decide(life, books, order, order.refunds[0]!, {
    status: 'succeeded',
    trouble: 'none',
    doneMinor: 1_001,
  });
  await requestRefund(life, books, order, { ...ask, outcome: 'succeeds' });
  expect(order.refunds.map(({ amount }) => amount)).toEqual([1_001, order.captured! - 1_001]);
  await life.ended(books);
});

it.each([
  ['of a named item, beyond that item', 'item', 5_000],
  ['of an amount, all that was captured and more', 'amount', 20_000],
] as const)('a refund of which the PSP does more than was asked for: %s', async (_case, what, doneMinor) => {
  const { life, books } = await Life.begin(world, [true, true]);
  await purchase(life, books, { products: [0, 1, 2], payment: 'as ordered', trouble: 'none' });
  const order = books.orders[0]!;
  await requestRefund(life, books, order, {
    who: 'buyer',
    what,
    pick: 1,
    trouble: 'none',
    outcome: 'stays open',
  });
  await decide(life, books, order, order.refunds[0]!, { status: 'succeeded', trouble: 'none', doneMinor });
  expect(order.refunds).toMatchObject([{ amount: doneMinor, status: 'succeeded' }]);
  await life.ended(books);
});

it('an account that is gone when a payout and a reversal reach for it, and comes back', async () => {
  const { life, books } = await Life.begin(world, [true, true]);
  await purchase(life, books, { products: [0, 2], payment: 'as ordered', trouble: 'none' });
  const order = books.orders[0]!;
  accountGoes(life, books, 0);
  await payOut(life, books, 0, { pick: 0, trouble: 'none' });
  const ask = { who: 'buyer', what: 'amount', pick: 4_000, trouble: 'none' } as const;
  await requestRefund(life, books, order, { ...ask, outcome: 'succeeds' });
  expect(order.legs[0]!.reversals).toMatchObject([{ state: 'failed' }]);
  await accountComesBack(life, books, 0);
  await retryReversal(life, books, findReversal(books, 'failed', 0)!);
  expect(order.legs[0]!.reversals).toMatchObject([{ state: 'done' }]);
  await payOut(life, books, 0, { pick: 0, trouble: 'none' });
  expect(books.sellers[0]!.payouts.map(({ back }) => back)).toEqual([true, false]);
  await life.ended(books);
});

it('a dispute that is won, opened again and lost, and one that is lost and won', async () => {
  const { life, books } = await Life.begin(world, [true, true]);
  await purchase(life, books, { products: [0, 2], payment: 'as ordered', trouble: 'none' });
  const order = books.orders[0]!;
  await openDispute(life, books, order, { amount: 500, trouble: 'none' });
  await closeDispute(life, books, order, { end: 'won', trouble: 'none' });
  await reopenDispute(life, books, order);
  await closeDispute(life, books, order, { end: 'lost', trouble: 'none' });
  await winBack(life, books, order, { end: 'won' });
  expect(order.refunds.map(({ status }) => status)).toEqual(['returned']);
  await life.ended(books);
});

// The clock goes on for months from here.

/** They subscribed, paid, gave a card, and are being charged for the second month: the PSP processes that. */
async function chargedAtRenewal(card: 'good' | 'wantsBuyer', trouble: 'none' | 'pspLags') {
  const { life, books } = await SubscriberLife.begin(world, [3, 29]);
  const premium = { plan: 'premium', cycle: 'monthly', trial: false } as const;
  await subscriber.subscribe(life, books, { ...premium, trouble: 'none' });
  await subscriber.pay(life, books, subscriber.waitingOf(books)!, { how: 'pays', card, trouble: 'none' });
  await timePasses(life, books, { share: 1, isProcessed: true, trouble });
  const sub = books.subs[0]!;
  const invoice = openOf(sub)!;
  return { life, books, sub, target: { sub, invoice, attempt: lastOf(invoice)! } };
}

it('a charge that is processed, and whose bank then wants the buyer', async () => {
  const { life, books, sub, target } = await chargedAtRenewal('wantsBuyer', 'pspLags');
  await decideCharge(life, books, target, { trouble: 'hookTwice' });
  expect(sub.status).toBe('past_due');
});

it('a card that is given while another is charged is the one on file afterwards, also where that succeeds', async () => {
  const { life, books, sub, target } = await chargedAtRenewal('good', 'none');
  await subscriber.newCard(life, books, { card: 'poor', trouble: 'none' });
  await decideCharge(life, books, target, { trouble: 'none' });
  expect(sub).toMatchObject({ status: 'active', card: 'poor' });
});

it('a card that is given while another is charged is charged as soon as that was refused', async () => {
  const { life, books, sub, target } = await chargedAtRenewal('wantsBuyer', 'none');
  await subscriber.newCard(life, books, { card: 'good', trouble: 'none' });
  await decideCharge(life, books, target, { trouble: 'none' });
  expect(sub.status).toBe('active');
  expect(target.invoice.attempts.map(({ status }) => status)).toEqual(['failed', 'succeeded']);
});

it('a phantom whose period is over is not renewed, is still one, and is replaced by who subscribes', async () => {
  const { life, books } = await SubscriberLife.begin(world, [3, 29]);
  await makePhantom(life, books, 'creator');
  const phantom = books.subs[0]!;
  await timePasses(life, books, { share: 1, isProcessed: false, trouble: 'none' });
  expect(phantom).toMatchObject({ status: 'active', isHeld: true });
  await sweepPhantoms(life, books, true);
  const creator = { plan: 'creator', cycle: 'monthly', trial: false } as const;
  await subscriber.subscribe(life, books, { ...creator, trouble: 'none' });
  expect(phantom.ended).toBe('phantom');
  await subscriber.pay(life, books, subscriber.waitingOf(books)!, {
    how: 'pays',
    card: 'good',
    trouble: 'none',
  });
  await timePasses(life, books, { share: 1, isProcessed: false, trouble: 'none' });
  expect(books.subs[1]!.invoices.map(({ status }) => status)).toEqual(['paid', 'paid']);
});
