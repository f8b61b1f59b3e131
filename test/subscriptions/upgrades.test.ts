import { asc, eq } from 'drizzle-orm';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { subscriptionChanges } from '../../db/subscriptions/changes/schema.ts';
import { invoiceLines } from '../../db/subscriptions/invoices/schema.ts';
import { expectCleanBooks } from '../harness/books.ts';
import { makePerson } from '../harness/shop.ts';
import { until } from '../harness/wait.ts';
import { type Person, World } from '../harness/world.ts';
import { overHttp } from './over-http.ts';
import { DAY_MS, subscriptionsOf } from './story.ts';

// Upgrades from the API to the card, to the cent: each part is reckoned here anew, by the moment of the quote.

const [CREATOR, PREMIUM, PREMIUM_YEAR] = [999, 1_999, 19_990];

let world: World;
let of: ReturnType<typeof subscriptionsOf>;
let http: ReturnType<typeof overHttp>;
let admin: Person;
beforeAll(async () => {
  world = await World.create();
  of = subscriptionsOf(world);
  http = overHttp(world, of);
  admin = await makePerson(world, 'admin');
});
afterEach(() => expectCleanBooks(world));
afterAll(() => world.close());

/** Asks for a change, and waits until the card has paid for it; its lines, and the parts of the period that were left. */
async function upgraded(who: Person, id: string, wish: object) {
  const { currentPeriodStart, currentPeriodEnd } = await of.row(id);
  const { status, body } = await world.post(who, '/subscriptions/change', wish);
  expect(status).toBe(202);
  const invoiceId = body.invoice!.id;
  const [invoice] = await until(
    async () => (await of.invoicesOf(id)).filter((one) => one.id === invoiceId),
    ([one]) => one?.status === 'paid',
  );
  await of.rests(id);
  const { db } = world.database;
  const [change] = await db
    .select()
    .from(subscriptionChanges)
    .where(eq(subscriptionChanges.invoiceId, invoiceId));
  const lines = await db
    .select({ kind: invoiceLines.kind, amountMinor: invoiceLines.amountMinor })
    .from(invoiceLines)
    .where(eq(invoiceLines.invoiceId, invoiceId))
    .orderBy(asc(invoiceLines.position));
  const [startMs, endMs] = [currentPeriodStart!.getTime(), currentPeriodEnd!.getTime()];
  const left = (endMs - change!.quotedAt.getTime()) / (endMs - startMs);
  const charged = world.psp.control.payments().filter(({ payment_id }) => payment_id === invoiceId);
  expect(charged).toMatchObject([{ status: 'succeeded', amount: invoice!.amountMinor, currency: 'USD' }]);
  return {
    lines: lines.map(({ kind, amountMinor }) => [kind, amountMinor]),
    amountMinor: invoice!.amountMinor,
    /** What of a price is for the days that were left. */
    partOf: (priceMinor: number) => Math.round(priceMinor * left),
  };
}

it('twice in a period: each credits the whole price of the plan before, never the last charge', async () => {
  const { who, id } = await http.subscriber();
  await of.rests(id);
  await of.age(id, 10 * DAY_MS);
  const first = await upgraded(who, id, { plan_id: 'premium' });
  expect(first.lines).toEqual([
    ['plan', first.partOf(PREMIUM)],
    ['unused_credit', -first.partOf(CREATOR)],
  ]);
  expect(first.amountMinor).toBe(first.partOf(PREMIUM) - first.partOf(CREATOR));
  await of.age(id, 5 * DAY_MS);
  const second = await upgraded(who, id, { billing_cycle: 'yearly' });
  expect(second.lines).toEqual([
    ['plan', PREMIUM_YEAR],
    ['unused_credit', -second.partOf(PREMIUM)],
  ]);
  expect(second.amountMinor).toBe(PREMIUM_YEAR - second.partOf(PREMIUM));
  expect((await of.row(id)).priceId).toBe((await of.priceOf('premium', 'yearly')).id);
});

it('after a partial refund: what went back lowers the credit', async () => {
  const { who, id, invoiceId } = await http.subscriber();
  const asked = { reason: 'they asked nicely', amount: 300 };
  expect((await world.post(admin, `/admin/invoices/${invoiceId}/refund`, asked)).status).toBe(202);
  await until(
    () => of.invoicesOf(id),
    ([first]) => first?.refundedMinor === 300,
  );
  await of.rests(id);
  await of.age(id, 10 * DAY_MS);
  const { lines, amountMinor, partOf } = await upgraded(who, id, { plan_id: 'premium' });
  expect(lines).toEqual([
    ['plan', partOf(PREMIUM)],
    ['unused_credit', -(partOf(CREATOR) - 300)],
  ]);
  expect(amountMinor).toBe(partOf(PREMIUM) - partOf(CREATOR) + 300);
});

it('below the minimum: a line raises the sum to it', async () => {
  const { who, id } = await http.subscriber();
  await of.rests(id);
  const { currentPeriodEnd } = await of.row(id);
  await of.age(id, currentPeriodEnd!.getTime() - Date.now() - DAY_MS / 2);
  const { lines, amountMinor, partOf } = await upgraded(who, id, { plan_id: 'premium' });
  const differenceMinor = partOf(PREMIUM) - partOf(CREATOR);
  expect(differenceMinor).toBeLessThan(50);
  expect(lines).toEqual([
    ['plan', partOf(PREMIUM)],
    ['unused_credit', -partOf(CREATOR)],
    ['minimum_charge', 50 - differenceMinor],
  ]);
  expect(amountMinor).toBe(50);
});
