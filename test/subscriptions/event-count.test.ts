import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { expectCleanBooks } from '../harness/books.ts';
import { readHistory } from '../histories/files.ts';
import { eventually } from '../harness/wait.ts';
import { type Person, World } from '../harness/world.ts';
import { costOf, runsOf } from './runs.ts';
import { DAY_MS, subscriptionsOf } from './story.ts';

let world: World;
let of: ReturnType<typeof subscriptionsOf>;
beforeAll(async () => {
  world = await World.create();
  of = subscriptionsOf(world);
});
afterEach(() => expectCleanBooks(world));
afterAll(() => world.close());

const renewed = (id: string, index: number) => of.paid(id, index + 1);

const openRunOf = async (id: string) => (await runsOf(world, id)).find(({ isOpen }) => isOpen)?.names ?? [];

const reminders = async (person: Person) =>
  (await of.mailsOf(person)).filter((kind) => kind === 'year_renews_soon');

/** Of histories that were recorded, by path. It may only fall. */
const RECORDED = {
  'subscription-first-paid': 25,
  'subscription-renewed': 23,
  'subscription-renewal-refused': 19,
  'subscription-recovered': 29,
  'subscription-changed': 25,
  'subscription-renewal-looked-at': 32,
};
/** Of an ask that is carried out without the PSP, while its workflow sleeps. */
const EVENTS_OF_AN_ASK = 10;
/** Replayed by whoever wakes one that sleeps. */
const EVENTS_ASLEEP = 60;

it.each(Object.entries(RECORDED))('a recorded run of %s has %d events', (path, events) => {
  expect(readHistory(path).events).toHaveLength(events);
});

it('a renewal, and an ask: no more events than were counted, where the machine is quick', async () => {
  const { id } = await of.active();
  for (const index of [1, 2, 3]) {
    await of.rests(id);
    await of.passPeriod(id);
    await renewed(id, index);
  }
  await of.rests(id);
  await eventually(async () => {
    const ended = (await runsOf(world, id)).filter(({ isOpen }) => !isOpen).map(({ names }) => costOf(names));
    expect(ended.length).toBeGreaterThanOrEqual(2);
    // The first, which its buyer paid, has more; a slow machine splits the tasks of some.
    expect(Math.min(...ended)).toBeLessThanOrEqual(RECORDED['subscription-renewed']);
  });
  const costs = [];
  for (const deed of ['cancel', 'reactivate', 'cancel'] as const) {
    const before = (await openRunOf(id)).length;
    await of.answered(id, { do: deed });
    await of.rests(id);
    costs.push((await openRunOf(id)).length - before);
  }
  expect(Math.min(...costs)).toBeLessThanOrEqual(EVENTS_OF_AN_ASK);
});

it('who cancels a year and takes it back five times: asleep, their history stays short', async () => {
  const { id } = await of.active({ billingCycle: 'yearly' });
  await of.rests(id);
  for (let times = 1; times <= 5; times += 1) {
    for (const deed of ['cancel', 'reactivate'] as const) {
      expect(await of.answered(id, { do: deed })).toMatchObject({ done: { subscriptionId: id } });
      await eventually(async () => expect((await openRunOf(id)).length).toBeLessThan(EVENTS_ASLEEP));
      await of.rests(id);
    }
  }
  expect(await of.row(id)).toMatchObject({ status: 'active', cancelRequestedAt: null });
  // The first run, and two of some forty events at the least.
  expect((await runsOf(world, id)).length).toBeGreaterThanOrEqual(3);
  await of.passPeriod(id);
  await renewed(id, 1);
});

it('asleep has one timer and nothing else, and at most 30 events a paid period', async () => {
  const { id } = await of.active();
  for (const index of [1, 2]) {
    await of.rests(id);
    // The timer's own way: what is due lies in the past once it fires.
    await of.passPeriod(id);
    await renewed(id, index);
  }
  await of.rests(id);
  const { raw } = await world.temporal.workflow.getHandle(`subscription/${id}`).describe();
  expect(raw.pendingActivities ?? []).toEqual([]);
  await eventually(async () => {
    const runs = await runsOf(world, id);
    expect(runs.length).toBeGreaterThanOrEqual(4);
    for (const { names } of runs) expect(costOf(names), names.join(' ')).toBeLessThanOrEqual(30);
    const asleep = runs.find(({ isOpen }) => isOpen)?.names ?? [];
    const timers = asleep.filter((name) => name === 'timerStartedEventAttributes').length;
    const over = asleep.filter((name) => /^timer(?:Canceled|Fired)EventAttributes$/.test(name)).length;
    expect(timers - over).toBe(1);
  });
});

it('a year with its reminder: at most 30 events a paid period, and one mail that it renews soon', async () => {
  const { id, person } = await of.active({ billingCycle: 'yearly' });
  for (const years of [1, 2]) {
    await of.rests(id);
    const { currentPeriodEnd } = await of.row(id);
    await of.pass(id, currentPeriodEnd!.getTime() - Date.now() - 7 * DAY_MS + 60_000);
    await eventually(async () => expect(await reminders(person)).toHaveLength(years));
    await of.rests(id);
    await of.passPeriod(id);
    await renewed(id, years);
  }
  await of.rests(id);
  await eventually(async () => {
    const runs = await runsOf(world, id);
    expect(runs.length).toBeGreaterThanOrEqual(4);
    // A slow machine splits the tasks of some.
    const [, ...costs] = runs.filter(({ isOpen }) => !isOpen).map(({ names }) => costOf(names));
    expect(Math.min(...costs)).toBeLessThanOrEqual(30);
  });
  expect(await reminders(person)).toHaveLength(2);
});
