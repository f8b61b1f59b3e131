import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { expectProvidersAgree } from '../harness/agreement.ts';
import { expectCleanBooks } from '../harness/books.ts';
import { connect } from '../harness/shop.ts';
import { World } from '../harness/world.ts';
import { closeDispute, decide } from './buyers.ts';
import { ALL, purchases, type ShopCommand } from './commands.ts';
import { commandsMax, live, type Lives, livesMaxMs } from './lives.ts';
import { type Books, openReversals, progress } from './money.ts';
import { Life } from './run.ts';
import { findReversal, retryReversal } from './sellers.ts';

// Random lives of a shop, over the real engine, database and providers' sandboxes, against a model of what the money
// must do. After each command the rows must come to show what the model foretells; after each life everything has ended,
// and every invariant holds, the eighth against the sandboxes' own books.

let world: World;
beforeAll(async () => {
  // Nothing gives up by itself: what the model does not decide must not depend on the time it took.
  world = await World.create({
    env: {
      TRANSFER_RETRY_MAX_RETRIES: '1000',
      REVERSAL_MAX_RETRIES: '1000',
      // One admin does all of a life within a day.
      FOUR_EYES_ABOVE_MINOR: '100000000',
      // A refusal after an answer that was lost is believed within a test's time.
      PSP_READ_LAG: '500ms',
    },
  });
});
afterAll(() => world.close());

/** FC_RUNS=200 takes about ten minutes. */
const MODEL: Lives<Books, Life, Drawn> = {
  name: 'money model',
  seed: 20_264,
  runs: 12,
  drawn: fc.record({
    connected: fc.tuple(fc.constant(true), fc.boolean()),
    first: purchases,
    // Those that have nothing to be done to are passed over.
    commands: fc.array(fc.oneof(...ALL), { minLength: 6, maxLength: commandsMax(16), size: 'max' }),
  }),
  begin: (at, { connected }) => Life.begin(at, connected),
  commandsOf: ({ first, commands }) => [first, ...commands],
  endWell,
  calmDown({ psp, stripe }) {
    psp.control.clearFaults();
    stripe.control.clearFaults();
    psp.control.setRefundMode('auto');
  },
};

interface Drawn {
  readonly connected: readonly boolean[];
  readonly first: ShopCommand;
  readonly commands: readonly ShopCommand[];
}

it(
  'whatever happens, in whatever order and trouble, money is where the model says',
  () => live(world, MODEL),
  livesMaxMs(MODEL),
);

/** Everything that was left open ends, and is where it must be, at the providers too. */
async function endWell(life: Life, books: Books): Promise<void> {
  const { psp, stripe } = world;
  stripe.control.clearFaults();
  stripe.control.setEnforceConnectedBalance(false);
  Object.assign(books, { stripeDown: false, lenient: true });
  for (const [index, seller] of books.sellers.entries()) {
    if (seller.connected) continue;
    await connect(world, life.sellers[index]!);
    seller.connected = true;
  }
  await life.settle(books);
  for (const order of books.orders) {
    await closeDispute(life, books, order, { end: 'won', trouble: 'none' });
    for (const refund of order.refunds.filter(({ status }) => status === 'pending'))
      await decide(life, books, order, refund, { status: 'succeeded', trouble: 'none' });
  }
  for (let found = findReversal(books, 'failed', 0); found; found = findReversal(books, 'failed', 0))
    await retryReversal(life, books, found);
  progress(books);
  expect(books.sellers.flatMap((_, index) => openReversals(books, index))).toEqual([]);
  await life.settle(books);
  await life.ended(books);
  await expectMoneyThere(life, books);
  await expectCleanBooks(world);
  await expectProvidersAgree(world);
  expect(psp.control.faults()).toEqual([]);
}

/** Where the money is: with the buyers, at the PSP, and at the sellers' own accounts. */
async function expectMoneyThere(life: Life, books: Books): Promise<void> {
  const { sql } = world.database;
  const orderIds = books.orders.map(({ id }) => id);
  for (const [index, { id, accountId }] of life.sellers.entries()) {
    const { balance, writtenOff } = books.sellers[index]!;
    expect(world.stripe.control.accountBalance(accountId)['usd'] ?? 0, `Stripe's ${accountId}`).toBe(balance);
    const [connected] = await sql<{ minor: number }[]>`
      SELECT coalesce(sum(amount_minor), 0)::float8 AS minor FROM ledger_entries
      WHERE account = ${`cash:connected:${id}`}`;
    expect(connected?.minor, `cash:connected:${id}`).toBe(balance - writtenOff);
  }
  const legs = books.orders.flatMap((order) => order.legs);
  const sent = legs.reduce((sum, leg) => sum + (leg.sent ? leg.amount : 0), 0);
  const back = legs.reduce(
    (sum, leg) =>
      sum +
      leg.takenByOthers +
      leg.reversals.reduce((of, { amount, state }) => of + (state === 'done' ? amount : 0), 0),
    0,
  );
  const captured = books.orders.reduce((sum, order) => sum + (order.captured ?? 0), 0);
  const refunds = books.orders.flatMap((order) =>
    order.refunds.filter(({ status }) => status === 'succeeded'),
  );
  const refunded = refunds.reduce((sum, { amount }) => sum + amount, 0);
  const [psp] = await sql<{ minor: number }[]>`
    SELECT coalesce(sum(amount_minor), 0)::float8 AS minor FROM ledger_entries
    WHERE account = 'cash:psp' AND root_id = ANY(${orderIds})`;
  expect(psp?.minor, 'cash:psp').toBe(captured - refunded - sent + back + books.paidOutside);
  const atPsp = orderIds
    .flatMap((id) => world.psp.control.refunds(id))
    .reduce((sum, { status, amount }) => sum + (status === 'succeeded' ? amount : 0), 0);
  const expected = refunds.reduce((sum, { atPsp: known, amount }) => sum + (known ? amount : 0), 0);
  expect(atPsp, "the PSP's refunds").toBe(expected);
}
