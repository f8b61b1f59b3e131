import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { expectCleanBooks } from '../harness/books.ts';
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

const reminders = async (person: Person) =>
  (await of.mailsOf(person)).filter((kind) => kind === 'year_renews_soon');

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
    for (const { names } of runs) expect(costOf(names), names.join(' ')).toBeLessThanOrEqual(30);
  });
  expect(await reminders(person)).toHaveLength(2);
});
