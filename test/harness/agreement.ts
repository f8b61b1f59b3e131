import { expect } from 'vitest';
import { auditDatabase } from '../../db/audit/index.ts';
import { sellerTransfers, transferReversals } from '../../db/schema/index.ts';
import type { World } from './world.ts';

/**
 * Rows, ledger, running workflows and Stripe's own books agree, over everything that ever happened in this world. Holds
 * wherever no answer of Stripe is outstanding.
 */
export async function expectAgreement(world: World): Promise<void> {
  for (const { number, title, violations } of await auditDatabase(world.database.db, world.engine)) {
    expect(violations, `invariant ${number}: ${title}`).toEqual([]);
  }
  expect(await unsent(world), 'what is pending is what is still to be sent').toEqual([]);
  await expectStripeAgrees(world);
}

async function unsent({ database: { sql } }: World): Promise<unknown[]> {
  return [
    ...(await sql`
      SELECT b.seller_id, b.pending_minor, s.unsent FROM seller_balances b, LATERAL (
        SELECT coalesce(sum(t.amount_minor - coalesce((
            SELECT sum(a.seller_minor) FROM refund_allocations a JOIN order_items i ON i.id = a.order_item_id
            WHERE i.order_id = t.order_id AND i.seller_id = t.seller_id AND a.seller_source = 'in_flight'), 0)), 0)
          AS unsent
        FROM seller_transfers t WHERE t.seller_id = b.seller_id AND t.completed_at IS NULL
          AND NOT EXISTS (SELECT 1 FROM seller_transfers n WHERE n.retry_of = t.id)) s
      WHERE b.pending_minor <> s.unsent`),
  ];
}

/** Stripe holds our transfers and reversals one to one: none twice, none missing, none of another amount. */
async function expectStripeAgrees(world: World): Promise<void> {
  const { db } = world.database;
  const ourTransfers = (await db.select().from(sellerTransfers)).filter((row) => row.stripeTransferId);
  expect(
    sorted(ourTransfers.map((row) => [row.stripeTransferId, row.stripeAccountId, row.amountMinor])),
    'transfers',
  ).toEqual(sorted(world.stripe.control.transfers().map((made) => [made.id, made.destination, made.amount])));
  const ourReversals = (await db.select().from(transferReversals)).filter((row) => row.stripeReversalId);
  expect(
    sorted(ourReversals.map((row) => [row.stripeReversalId, row.amountMinor - row.coveredMinor])),
    'reversals',
  ).toEqual(sorted(world.stripe.control.reversals().map((made) => [made.id, made.amount])));
}

const sorted = (rows: readonly (readonly unknown[])[]) => rows.map((row) => JSON.stringify(row)).toSorted();
