import { expect } from 'vitest';
import { checkBooks } from '../../db/invariants/index.ts';
import type { World } from './world.ts';

/** Every test ends with this: the invariants hold now, after all that the world did so far. */
export async function expectCleanBooks(world: World): Promise<void> {
  const checked = await checkBooks(world.database.db);
  const broken = checked.filter((invariant) => invariant.violations.length > 0);
  expect(checked.length).toBeGreaterThan(0);
  expect(broken, JSON.stringify(broken, null, 2)).toEqual([]);
}

/** The ledger's sum of an account for one order, signed as it is entered, in minor units. */
export async function posted(
  { database: { sql } }: World,
  orderId: string,
  account: string,
): Promise<number> {
  const [row] = await sql<{ sum: number }[]>`
    SELECT coalesce(sum(amount_minor), 0)::float8 AS sum FROM ledger_entries
    WHERE root_id = ${orderId} AND account = ${account}`;
  return row?.sum ?? 0;
}

/** How many postings of a kind there are for an order: more than one settlement would show here. */
export async function postings({ database: { sql } }: World, orderId: string, kind: string): Promise<number> {
  const [row] = await sql<{ count: number }[]>`
    SELECT count(DISTINCT transaction_id)::int AS count FROM ledger_entries
    WHERE root_id = ${orderId} AND kind = ${kind}`;
  return row?.count ?? 0;
}
