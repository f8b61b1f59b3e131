import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { expectAgreement } from '../harness/agreement.ts';
import { expectCleanBooks } from '../harness/books.ts';
import { World } from '../harness/world.ts';
import { type Fate, interleavings, live, outages, type Told } from './interleavings.ts';
import { anotherApi, CLOSED_ADDRESS } from './support.ts';

/** Another one by FC_SEED; a failure prints the seed and the interleaving. */
const SEED = Number(process.env['FC_SEED'] ?? 20_261);
const RUNS = Number(process.env['FC_RUNS'] ?? 15);
const TIMEOUT_MS = 300_000;

let world: World;
let away: Awaited<ReturnType<typeof anotherApi>>;
beforeAll(async () => {
  world = await World.create();
  away = await anotherApi(world, { TEMPORAL_ADDRESS: CLOSED_ADDRESS });
  world.psp.control.setRefundMode('manual');
  world.psp.control.addFault({ kind: 'holdWebhook', times: 'always' });
});
afterAll(async () => {
  await away.close();
  await world.close();
});

it(
  'any interleaving of events leaves the final state of one clean delivery',
  async () => {
    console.info(`fast-check: seed ${SEED}, ${RUNS} runs`);
    const clean = new Map<string, unknown>();
    const cleanly = async (fates: readonly Fate[]) => {
      const key = JSON.stringify(fates);
      if (!clean.has(key)) {
        clean.set(key, await statesOf(await live(world, away.url, { fates, paying: [], refunding: [] })));
      }
      return clean.get(key);
    };
    await fc.assert(
      fc.asyncProperty(interleavings, async (how) => {
        const told = await live(world, away.url, how);
        expect(await statesOf(told)).toEqual(await cleanly(how.fates));
        await expectCleanBooks(world);
      }),
      // Each run is real: a counterexample is printed, not shrunk for hours.
      { seed: SEED, numRuns: RUNS, endOnFailure: true },
    );
    expect(outages.answered503, 'deliveries that the engine was away for').toBeGreaterThan(0);
    await expectAgreement(world);
  },
  TIMEOUT_MS,
);

const statesOf = (told: readonly Told[]) => Promise.all(told.map((one) => stateOf(one)));

/** All that an order left behind, with places instead of ids and times: comparable between two lives. */
async function stateOf({ orderId, shop }: Told): Promise<unknown> {
  const [row] = await world.database.sql<{ state: unknown }[]>`
    SELECT jsonb_build_object(
      'order', (SELECT jsonb_build_array(status, captured_minor, refunded_minor, failure_reason)
        FROM orders WHERE id = ${orderId}),
      'refunds', (SELECT jsonb_agg(jsonb_build_array(kind, status, amount_minor, excess_minor) ORDER BY kind, status)
        FROM refunds WHERE order_id = ${orderId}),
      'shares', (SELECT jsonb_agg(jsonb_build_array(i.position, a.seller_minor, a.fee_minor, a.seller_source) ORDER BY i.position)
        FROM refund_allocations a JOIN order_items i ON i.id = a.order_item_id WHERE i.order_id = ${orderId}),
      'licences', (SELECT jsonb_agg(jsonb_build_array(i.position, l.revoked_at IS NOT NULL) ORDER BY i.position)
        FROM licenses l JOIN order_items i ON i.id = l.order_item_id WHERE i.order_id = ${orderId}),
      'transfers', (SELECT jsonb_agg(jsonb_build_array(seller_id, status, amount_minor, reversed_minor) ORDER BY amount_minor)
        FROM seller_transfers WHERE order_id = ${orderId}),
      'reversals', (SELECT jsonb_agg(jsonb_build_array(t.seller_id, r.status, r.amount_minor) ORDER BY r.amount_minor)
        FROM transfer_reversals r JOIN seller_transfers t ON t.id = r.transfer_id WHERE t.order_id = ${orderId}),
      'ledger', (SELECT jsonb_agg(jsonb_build_array(kind, account, amount_minor, currency) ORDER BY kind, amount_minor)
        FROM ledger_entries WHERE root_id = ${orderId}),
      'balances', (SELECT jsonb_agg(to_jsonb(b) ORDER BY b.available_minor, b.owed_minor, b.pending_minor)
        FROM seller_balances b WHERE seller_id = ANY(${shop.sellers.map(({ id }) => id)}))
    ) AS state`;
  let text = JSON.stringify(row?.state);
  for (const [place, { id }] of shop.sellers.entries()) text = text.replaceAll(id, `seller ${place}`);
  return sorted(JSON.parse(text) as Record<string, unknown>);
}

/** Rows that are alike but for whose they are come in any order. */
function sorted(state: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(state).map(([name, rows]) => [
      name,
      Array.isArray(rows) && name !== 'order' ? rows.map((one) => JSON.stringify(one)).toSorted() : rows,
    ]),
  );
}
