import { expect } from 'vitest';
import { type Agreement, compareWithProviders, openReaders } from '../../comparison/index.ts';
import { checkBooks } from '../../db/invariants/index.ts';
import type { World } from './world.ts';

/**
 * Rows, ledger, running workflows and the providers' own books agree, over everything that ever happened in this world. Holds
 * wherever no answer of a provider is outstanding.
 */
export async function expectAgreement(world: World): Promise<void> {
  for (const { number, title, violations } of await checkBooks(world.database.db, world.engine)) {
    expect(violations, `invariant ${number}: ${title}`).toEqual([]);
  }
  expect(await unsent(world), 'what is pending is what is still to be sent').toEqual([]);
  await expectProvidersAgree(world);
}

async function unsent({ database: { sql } }: World): Promise<unknown[]> {
  return [
    ...(await sql`
      SELECT b.seller_id, b.pending_minor, s.unsent FROM seller_balances b, LATERAL (
        SELECT coalesce(sum(t.amount_minor - coalesce((
            SELECT sum(a.in_flight_minor) FROM refund_allocations a JOIN order_items i ON i.id = a.order_item_id
            WHERE i.order_id = t.order_id AND i.seller_id = t.seller_id), 0)), 0)
          AS unsent
        FROM seller_transfers t WHERE t.seller_id = b.seller_id AND t.currency = b.currency AND t.completed_at IS NULL
          AND t.status NOT IN ('settled_outside', 'written_off')
          AND NOT EXISTS (SELECT 1 FROM seller_transfers n WHERE n.retry_of = t.id)) s
      WHERE b.pending_minor <> s.unsent + b.rest_minor`),
  ];
}

/**
 * Both providers hold our refunds, transfers and reversals one to one: none twice, none missing, none of another amount
 * (invariant 8, by the code of `npm run audit -- --providers`). What the sandboxes hold beyond what the orders lead to
 * would be seen by nobody else, so their books are counted too.
 */
export async function expectProvidersAgree(world: World): Promise<Agreement> {
  const agreement = await compareWithProviders(world.database.db, openReaders(world.config));
  // What a bank sent back differs until a person has agreed: the flag says so, and nothing else may differ.
  const awaiting = (
    await world.database.sql<{ subject: string }[]>`
    SELECT subject FROM ops_flags WHERE kind = 'failed_after_succeeded' AND cleared_at IS NULL`
  ).map((flag) => flag.subject);
  const unexplained = agreement.differences.examples.filter(({ subject }) => !awaiting.includes(subject));
  expect(unexplained, JSON.stringify(agreement, null, 2)).toEqual([]);
  expect(agreement.differences.count).toBeLessThanOrEqual(awaiting.length);
  const { compared, listed } = agreement;
  if (!listed.some(({ as }) => as === 'under way')) {
    expect(compared.transfers, 'transfers at Stripe').toBe(world.stripe.control.transfers().length);
  }
  return agreement;
}
