import { afterAll, beforeAll, expect, it } from 'vitest';
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

// Sequences that the model test once found, or should find sooner than its dice do.

let world: World;
beforeAll(async () => {
  // The model is of money: who has to agree to what, suites of their own try.
  world = await World.create({ env: { FOUR_EYES_ABOVE_MINOR: '1000000000' } });
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
