import { beforeAll, describe, expect, it } from 'vitest';
import { advance } from '../../db/subscriptions/advance.ts';
import type { DatabaseWithSql } from '../../sandbox/database.ts';
import { ownDatabase } from '../marketplace/verbs.ts';
import { billingOn, codeOf, DAY_MS, TERMS } from './verbs.ts';

let database: DatabaseWithSql;
let billing: ReturnType<typeof billingOn>;
beforeAll(async () => {
  database = await ownDatabase();
  billing = billingOn(database);
});

type Billing = ReturnType<typeof billingOn>;
type Wish = Parameters<Billing['ask']>[1];

/** What was mailed of a year to come. */
const remindersTo = async (userId: string) =>
  (
    await database.sql<{ params: Record<string, unknown> }[]>`
      SELECT params FROM mails WHERE user_id = ${userId} AND kind = 'year_renews_soon' ORDER BY created_at`
  ).map(({ params }) => params);

/** A period that is over in some days, with what its person wishes. */
async function endingIn(days: number, planId: string, billingCycle: 'monthly' | 'yearly', ...wishes: Wish[]) {
  const { subscriptionId, userId } = await billing.paid(planId, { billingCycle });
  for (const wish of wishes) expect(codeOf(await billing.ask(subscriptionId, wish))).toBe('done');
  const [{ at } = { at: '' }] = await database.sql<{ at: string }[]>`
    UPDATE subscriptions SET current_period_end = now() + ${days} * interval '1 day'
    WHERE id = ${subscriptionId} RETURNING current_period_end AS at`;
  return { subscriptionId, userId, at: new Date(at).toISOString() };
}

const next = (subscriptionId: string) => advance(database.db, subscriptionId, TERMS);

const BY_THE_YEAR = { plan: 'Creator', amount: 9_990, currency: 'USD' };

describe('who is charged for a year next is told seven days before', () => {
  it('once, and not earlier', async () => {
    const { subscriptionId, userId } = await endingIn(8, 'creator', 'yearly');
    const step = await next(subscriptionId);
    expect(step).toMatchObject({ kind: 'wait', summary: 'Waits until its end is reminded of' });
    expect(Math.round((step.kind === 'wait' ? step.delayMs : 0) / DAY_MS)).toBe(1);
    expect(await remindersTo(userId)).toEqual([]);
    const late = await endingIn(6, 'creator', 'yearly');
    for (const _ of [1, 2])
      expect(await next(late.subscriptionId)).toMatchObject({ summary: 'Waits until the renewal' });
    expect(await remindersTo(late.userId)).toEqual([{ ...BY_THE_YEAR, at: late.at }]);
  });

  it('of the plan and the price that a change makes it, which waits for the end of the year', async () => {
    const wish = { do: 'change', planId: 'creator' } as const;
    const { subscriptionId, userId, at } = await endingIn(6, 'premium', 'yearly', wish);
    await next(subscriptionId);
    expect(await remindersTo(userId)).toEqual([{ ...BY_THE_YEAR, at }]);
  });

  it('also after a month, where a change that waits for its end makes it a year', async () => {
    const wish = { do: 'change', planId: 'creator', billingCycle: 'yearly' } as const;
    const early = await endingIn(8, 'premium', 'monthly', wish);
    expect(await next(early.subscriptionId)).toMatchObject({ summary: 'Waits until its end is reminded of' });
    const { subscriptionId, userId, at } = await endingIn(6, 'premium', 'monthly', wish);
    await next(subscriptionId);
    expect(await remindersTo(userId)).toEqual([{ ...BY_THE_YEAR, at }]);
  });

  it('where a cancellation or a change to months is taken back within these days', async () => {
    const toMonths = { do: 'change', billingCycle: 'monthly' } as const;
    const back = [
      [{ do: 'cancel' }, { do: 'reactivate' }],
      [toMonths, { do: 'change', billingCycle: 'yearly' }],
    ] as const;
    for (const [wish, taken] of back) {
      const { subscriptionId, userId, at } = await endingIn(6, 'creator', 'yearly', wish);
      await next(subscriptionId);
      expect(await remindersTo(userId)).toEqual([]);
      expect(codeOf(await billing.ask(subscriptionId, taken))).toBe('done');
      await next(subscriptionId);
      expect(await remindersTo(userId)).toEqual([{ ...BY_THE_YEAR, at }]);
    }
  });
});

describe('who is charged for no year next is not told of one', () => {
  it.each([
    ['by the month', 'monthly', []],
    ['by the year, who changes to months', 'yearly', [{ do: 'change', billingCycle: 'monthly' }]],
    ['by the year, who has cancelled', 'yearly', [{ do: 'cancel' }]],
  ] as const)('%s', async (_, cycle, wishes) => {
    const { subscriptionId, userId } = await endingIn(6, 'creator', cycle, ...wishes);
    expect(await next(subscriptionId)).toMatchObject({
      kind: 'wait',
      summary: expect.stringMatching(/^Waits until the (renewal|paid period is over)$/) as string,
    });
    expect(await remindersTo(userId)).toEqual([]);
  });
});
