import { v7 as uuidv7 } from 'uuid';
import type { World } from '../harness/world.ts';
import type { Life } from './subscription-run.ts';
import {
  type Books,
  type Cycle,
  CYCLES,
  type Market,
  type PaidPlan,
  PLANS,
  PRICES,
} from './subscriptions.ts';

// Plans and prices are everybody's: each life finds them as they were at first.

export async function openMarket(world: World): Promise<Market> {
  await world.database.sql`UPDATE plans SET offered = true`;
  for (const plan of PLANS)
    for (const cycle of CYCLES) await setPrice(world, plan, cycle, PRICES[plan][cycle]);
  return { prices: structuredClone(PRICES) as Market['prices'], withdrawn: new Set() };
}

/** Today's price ends, and another one begins. */
async function setPrice(
  { database: { sql } }: World,
  plan: PaidPlan,
  cycle: Cycle,
  amount: number,
): Promise<void> {
  await sql`
    WITH ended AS (
      UPDATE plan_prices SET valid_until = clock_timestamp()
      WHERE plan_id = ${plan} AND billing_cycle = ${cycle} AND valid_until IS NULL AND amount_minor <> ${amount}
      RETURNING currency, valid_until)
    INSERT INTO plan_prices (id, plan_id, billing_cycle, amount_minor, currency, valid_from)
    SELECT ${uuidv7()}, ${plan}, ${cycle}, ${amount}, currency, valid_until FROM ended`;
}

export async function raisePrice(
  life: Life,
  books: Books,
  how: { readonly plan: PaidPlan; readonly cycle: Cycle; readonly by: number },
): Promise<void> {
  const prices = books.market.prices[how.plan];
  await life.within(books, 'none', async () => {
    prices[how.cycle] += how.by;
    await setPrice(life.world, how.plan, how.cycle, prices[how.cycle]);
  });
}

/** A plan is withdrawn, or offered again. */
export async function withdraw(life: Life, books: Books, plan: PaidPlan): Promise<void> {
  const { withdrawn } = books.market;
  await life.within(books, 'none', async () => {
    if (!withdrawn.delete(plan)) withdrawn.add(plan);
    await life.world.database.sql`UPDATE plans SET offered = ${!withdrawn.has(plan)} WHERE id = ${plan}`;
  });
}
