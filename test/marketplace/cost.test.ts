import { afterAll, beforeAll, expect, it } from 'vitest';
import { openShop, type Shop } from '../harness/shop.ts';
import { completedOrder } from '../harness/stories.ts';
import { until } from '../harness/wait.ts';
import type { Traffic } from '../../stack/postgres-meter.ts';
import { World } from '../harness/world.ts';

/**
 * What a full refund with one reversal costs at PostgreSQL, in API and worker together. They may only fall. Its two
 * mails, when it is asked for and when it is done, are four of each.
 */
const STATEMENTS_MAX = 61;
const ROUND_TRIPS_MAX = 39;
/** By then each statement of the story is prepared on the connections that are used. */
const WARM_UP = 4;
/** Webhook and answer race, and a loser reads once more: one of so many has to do. */
const TRIES = 12;
/** Who locks both locks transfers first, also where both are sent at once. */
const LOCKS = [/from "seller_transfers" .* for no key update/, /from "seller_balances" .* for no key update/];

let world: World;
let shop: Shop;
beforeAll(async () => {
  world = await World.create({ metered: true });
  shop = await openShop(world);
});
afterAll(() => world.close());

it('statements and round trips of a full refund with one reversal', async () => {
  const meter = world.meter!;
  const isWithin = ({ statements, roundTrips }: Traffic) =>
    statements <= STATEMENTS_MAX && roundTrips <= ROUND_TRIPS_MAX;
  let least: Traffic | undefined;
  for (let refund = 0; refund < WARM_UP + TRIES && !(least && isWithin(least)); refund += 1) {
    const { orderId } = await completedOrder(world, shop.buyer, shop.productIds);
    await untilQuiet();
    meter.reset();
    // Without a key, which costs two more.
    const asked = await world.post(shop.buyer, `/marketplace/orders/${orderId}/refund`, {});
    expect(asked.status, JSON.stringify(asked.body)).toBe(202);
    const { id: refundId } = asked.body.refund!;
    await world.finished(`refund/${refundId}`);
    for (const { id } of await world.reversalsOf(refundId)) await world.finished(`reversal/${id}`);
    await untilQuiet();
    const cost = meter.read();
    if (refund >= WARM_UP && cost.statements <= (least?.statements ?? cost.statements)) least = cost;
  }
  const { statements, roundTrips, texts } = least!;
  expect(statements, texts.join('\n')).toBeLessThanOrEqual(STATEMENTS_MAX);
  expect(roundTrips, texts.join('\n')).toBeLessThanOrEqual(ROUND_TRIPS_MAX);
  const [transfers = -1, balances = -1] = LOCKS.map((lock) => texts.findIndex((text) => lock.test(text)));
  expect(transfers).toBeGreaterThan(0);
  expect(balances).toBeGreaterThan(transfers);
});

/** Webhooks of Stripe's reversals come after the story: until each was taken, nothing more is sent. */
async function untilQuiet(): Promise<void> {
  await Promise.all([world.psp.control.idle(), world.stripe.control.idle()]);
  let before = -1;
  await until(
    async () => world.meter!.read().statements,
    (now) => {
      const isQuiet = now === before;
      before = now;
      return isQuiet;
    },
  );
}
