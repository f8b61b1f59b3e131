import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { expectCleanBooks } from '../harness/books.ts';
import { databaseMs, installMovedClock, moveClockTo } from '../harness/moved-clock.ts';
import { eventually } from '../harness/wait.ts';
import { World } from '../harness/world.ts';
import { subscriptionsOf, type Wish } from './story.ts';

// The calendar as it is: the database's clock is moved on, and nothing of ours is told.

const JITTER_MS = 11 * 60_000;

let world: World;
let of: ReturnType<typeof subscriptionsOf>;
beforeAll(async () => {
  world = await World.create({ prepare: installMovedClock });
  of = subscriptionsOf(world);
});
afterEach(() => expectCleanBooks(world));
afterAll(() => world.close());

/** The first year to come that is such. */
async function nextYear(isSuch: (year: number) => boolean): Promise<number> {
  let year = new Date(await databaseMs(world.database.sql)).getUTCFullYear() + 1;
  while (!isSuch(year)) year += 1;
  return year;
}

const isLeapYear = (year: number) => new Date(Date.UTC(year, 1, 29)).getUTCDate() === 29;

/** It begins at a moment, and is charged so often; the days on which its paid periods begin, and the end of the last. */
async function daysOf(beginsAtMs: number, renewals: number, wish: Wish = {}): Promise<string[]> {
  await moveClockTo(world.database.sql, beginsAtMs);
  const { id } = await of.active(wish);
  for (let count = 1; count <= renewals; count += 1) {
    await of.rests(id);
    const { currentPeriodEnd } = await of.row(id);
    await moveClockTo(world.database.sql, currentPeriodEnd!.getTime() + JITTER_MS);
    await world.engine.wakeSubscription(await of.label(id));
    await eventually(async () =>
      expect((await of.invoicesOf(id)).filter(({ status }) => status === 'paid')).toHaveLength(count + 1),
    );
  }
  const { anchorAt, currentPeriodEnd } = await of.row(id);
  const invoices = await of.invoicesOf(id);
  const starts = invoices.map(({ periodStart }) => periodStart!);
  // Each period begins where the one before ended, at the time of day of the first.
  for (const [index, { periodEnd }] of invoices.entries())
    expect(periodEnd).toEqual(starts[index + 1] ?? currentPeriodEnd);
  const dayMs = 86_400_000;
  for (const at of [...starts, currentPeriodEnd!])
    expect(at.getTime() % dayMs).toBe(anchorAt!.getTime() % dayMs);
  await of.ask(id, { do: 'cancel' });
  return [...starts, currentPeriodEnd!].map((at) => at.toISOString().slice(0, 10));
}

it('31 January: renews on the last day of February, on 31 March, and on 30 April', async () => {
  const year = await nextYear((one) => !isLeapYear(one));
  expect(await daysOf(Date.UTC(year, 0, 31, 12), 3)).toEqual([
    `${year}-01-31`,
    `${year}-02-28`,
    `${year}-03-31`,
    `${year}-04-30`,
    `${year}-05-31`,
  ]);
});

it('31 January of a leap year: renews on 29 February, and on 31 March', async () => {
  const year = await nextYear(isLeapYear);
  expect(await daysOf(Date.UTC(year, 0, 31, 12), 2)).toEqual([
    `${year}-01-31`,
    `${year}-02-29`,
    `${year}-03-31`,
    `${year}-04-30`,
  ]);
});

it('29 February by the year: renews on 28 February, and on 29 February in the next leap year', async () => {
  const year = await nextYear(isLeapYear);
  expect(await daysOf(Date.UTC(year, 1, 29, 12), 4, { billingCycle: 'yearly' })).toEqual([
    `${year}-02-29`,
    `${year + 1}-02-28`,
    `${year + 2}-02-28`,
    `${year + 3}-02-28`,
    `${year + 4}-02-29`,
    `${year + 5}-02-28`,
  ]);
});
