import postgres from 'postgres';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { expectCleanBooks } from '../harness/books.ts';
import { databaseMs, installMovedClock, moveClockTo } from '../harness/moved-clock.ts';
import { eventually } from '../harness/wait.ts';
import { World } from '../harness/world.ts';
import { subscriptionsOf, type Wish } from './story.ts';

// The calendar as it is: the database's clock is moved on, and nothing of ours is told.

const JITTER_MS = 11 * 60_000;

let world: World;
beforeAll(async () => {
  world = await World.create({ prepare: installMovedClock });
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
async function daysOf(
  beginsAtMs: number,
  renewals: number,
  wish: Wish = {},
  at: World = world,
): Promise<string[]> {
  const story = subscriptionsOf(at);
  await moveClockTo(at.database.sql, beginsAtMs);
  const { id } = await story.active(wish);
  for (let count = 1; count <= renewals; count += 1) {
    await story.rests(id);
    const { currentPeriodEnd } = await story.row(id);
    await moveClockTo(at.database.sql, currentPeriodEnd!.getTime() + JITTER_MS);
    await at.engine.wakeSubscription(await story.label(id));
    await eventually(async () =>
      expect((await story.invoicesOf(id)).filter(({ status }) => status === 'paid')).toHaveLength(count + 1),
    );
  }
  const { anchorAt, currentPeriodEnd } = await story.row(id);
  const invoices = await story.invoicesOf(id);
  const starts = invoices.map(({ periodStart }) => periodStart!);
  // Each period begins where the one before ended, at the time of day of the first.
  for (const [index, { periodEnd }] of invoices.entries())
    expect(periodEnd).toEqual(starts[index + 1] ?? currentPeriodEnd);
  const dayMs = 86_400_000;
  for (const moment of [...starts, currentPeriodEnd!])
    expect(moment.getTime() % dayMs).toBe(anchorAt!.getTime() % dayMs);
  await story.ask(id, { do: 'cancel' });
  return [...starts, currentPeriodEnd!].map((moment) => moment.toISOString().slice(0, 10));
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

describe('DST nights, where worker and database live in Berlin', () => {
  let berlin: World;
  beforeAll(async () => {
    const prepare = async (databaseUrl: string) => {
      await installMovedClock(databaseUrl);
      const sql = postgres(databaseUrl, { max: 1 });
      await sql.unsafe(
        `ALTER DATABASE "${new URL(databaseUrl).pathname.slice(1)}" SET timezone = 'Europe/Berlin'`,
      );
      await sql.end();
    };
    berlin = await World.create({ prepare, worker: false });
    await berlin.startWorkerProcess({ TZ: 'Europe/Berlin' });
  });
  afterEach(() => expectCleanBooks(berlin));
  afterAll(() => berlin.close());

  it.each([
    ['spring', 2],
    ['autumn', 9],
  ])('in %s: each period begins at the time of day of the first, in UTC', async (_, month) => {
    expect(await berlin.database.sql`SHOW timezone`).toEqual([{ TimeZone: 'Europe/Berlin' }]);
    const year = new Date(await databaseMs(berlin.database.sql)).getUTCFullYear() + 1;
    const lastDayOf = (ofMonth: number) => new Date(Date.UTC(year, ofMonth + 1, 0));
    // The clocks are changed at 01:00 UTC of the last Sunday.
    const night = lastDayOf(month).getUTCDate() - lastDayOf(month).getUTCDay();
    const later = [0, 1, 2].map((months) => {
      const last = lastDayOf(month + months);
      return `${last.toISOString().slice(0, 8)}${Math.min(night, last.getUTCDate())}`;
    });
    expect(await daysOf(Date.UTC(year, month, night, 0, 30), 1, {}, berlin)).toEqual(later);
  });
});
