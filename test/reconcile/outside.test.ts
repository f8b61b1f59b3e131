import { Writable } from 'node:stream';
import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { lookAt } from '../../activities/reconcile/sweep.ts';
import { compareWithProviders, openReaders } from '../../comparison/index.ts';
import { RECENT_DISPUTES } from '../../db/reconcile/sweep.ts';
import { disputes } from '../../db/marketplace/disputes/schema.ts';
import { clearFlag } from '../../db/kernel/clear-flag.ts';
import { createSweepInbox } from '../../inbox/redrive.ts';
import { createLogger } from '../../log.ts';
import { createHyperswitch } from '../../providers/hyperswitch/client.ts';
import { createPurchases } from '../../db/purchases.ts';
import { settingsOf } from '../../activities/deps.ts';
import { expectCleanBooks } from '../harness/books.ts';
import { expectProvidersAgree } from '../harness/agreement.ts';
import { openShop, PRICE_MINOR, type Shop } from '../harness/shop.ts';
import { openFlags, pictureOf, refundsOf } from '../harness/read.ts';
import { completedOrder, settledRefund } from '../harness/stories.ts';
import type { World } from '../harness/world.ts';
import { invoicePayments, invoices } from '../../db/subscriptions/invoices/schema.ts';
import { refunds } from '../../db/marketplace/refunds/schema.ts';
import { subscriptionsOf } from '../subscriptions/story.ts';
import { eventually } from '../harness/wait.ts';
import { counts, createWorld, sweep } from './support.ts';

// What others did to payments that we took, and nobody told us: refunds made in the PSP's dashboard, and disputes.

const SILENT = { webhook: false } as const;

let world: World;
let shop: Shop;
beforeAll(async () => {
  world = await createWorld();
  shop = await openShop(world);
});
afterAll(() => world.close());
beforeEach(() => world.psp.control.clearFaults());

const sold = async () => (await completedOrder(world, shop.buyer, shop.productIds)).orderId;

/** One sweep of the phase, and everything that it set off. */
async function swept(...orderIds: string[]) {
  const report = counts(await sweep(world, shop, 'outside'), 'outside')!;
  for (const orderId of orderIds) {
    await world.finished(`order/${orderId}`);
    for (const { id } of await refundsOf(world, orderId))
      for (const reversal of await world.reversalsOf(id)) await world.finished(`reversal/${reversal.id}`);
    for (const { id } of await world.transfersOf(orderId)) await world.finished(`transfer/${id}`);
  }
  return report;
}

const disputeOf = async (orderId: string) =>
  (await world.database.db.select().from(disputes).where(eq(disputes.orderId, orderId)))[0];

const differences = async () => {
  const { differences: found } = await compareWithProviders(world.database.db, openReaders(world.config));
  return found.examples.map(({ subject }) => subject);
};

async function refusal(orderId: string): Promise<unknown> {
  return (await world.post(shop.buyer, `/marketplace/orders/${orderId}/refund`, {})).body['code'];
}

it('a dispute whose webhooks are both lost: while it is open it blocks, and its loss settles late', async () => {
  const orderId = await sold();
  const { dispute_id: disputeId } = world.psp.control.openDispute(orderId, undefined, SILENT);
  expect(await differences()).toEqual([`order/${orderId}`]);
  expect((await swept(orderId)).why['told']).toBeGreaterThan(0);
  expect(await disputeOf(orderId)).toMatchObject({ status: 'open', providerDisputeId: disputeId });
  expect(await refusal(orderId)).toBe('order_disputed');

  world.psp.control.closeDispute(disputeId, 'lost', SILENT);
  expect(await differences()).toEqual([`order/${orderId}`]);
  await swept(orderId);
  expect(await disputeOf(orderId)).toMatchObject({ status: 'lost' });
  expect(await refundsOf(world, orderId)).toMatchObject([
    { kind: 'dispute', status: 'succeeded', amountMinor: PRICE_MINOR },
  ]);
  expect(await world.order(orderId)).toMatchObject({ status: 'refunded', refundedMinor: PRICE_MINOR });
  await expectCleanBooks(world);
  await expectProvidersAgree(world);
});

it('one that was opened and lost before anybody looked, and is won after that', async () => {
  const orderId = await sold();
  const { dispute_id: disputeId } = world.psp.control.openDispute(orderId, undefined, SILENT);
  world.psp.control.closeDispute(disputeId, 'lost', SILENT);
  await swept(orderId);
  expect((await world.order(orderId)).status).toBe('refunded');
  world.psp.control.closeDispute(disputeId, 'won', SILENT);
  await swept(orderId);
  expect(await disputeOf(orderId)).toMatchObject({ status: 'won', unbookedSince: null });
  expect(await world.order(orderId)).toMatchObject({ status: 'completed', refundedMinor: 0 });
  await expectCleanBooks(world);
  await expectProvidersAgree(world);
});

it('a stage that the PSP sends no webhook for, since it has sent one of the kind', async () => {
  const orderId = await sold();
  const { dispute_id: disputeId } = world.psp.control.openDispute(orderId);
  world.psp.control.closeDispute(disputeId, 'won');
  await world.psp.control.idle();
  await world.finished(`order/${orderId}`);
  world.psp.control.turnDispute(disputeId, { stage: 'pre_arbitration', status: 'opened' });
  await world.psp.control.idle();
  expect(await disputeOf(orderId)).toMatchObject({ status: 'won' });
  await swept(orderId);
  expect(await disputeOf(orderId)).toMatchObject({ status: 'open', stage: 'pre_arbitration' });
  expect(await refusal(orderId)).toBe('order_disputed');
  await expectProvidersAgree(world);
});

it('a refund made in the dashboard whose webhook is lost', async () => {
  const orderId = await sold();
  const { refund_id: refundId } = world.psp.control.createExternalRefund(orderId, 1_000, SILENT);
  expect(await differences()).toEqual([`order/${orderId}`]);
  await swept(orderId);
  expect(await refundsOf(world, orderId)).toMatchObject([
    { kind: 'external', status: 'succeeded', amountMinor: 1_000, hyperswitchRefundId: refundId },
  ]);
  expect((await world.order(orderId)).status).toBe('partially_refunded');
  await expectCleanBooks(world);
  await expectProvidersAgree(world);
});

it.each([
  ['another amount', { amountMinor: 5_000 }],
  ['another currency', { currency: 'EUR' }],
])(
  'a refund that succeeded here, and at the PSP as %s: flagged once, not booked anew',
  async (_case, done) => {
    const orderId = await sold();
    const { refundId } = await settledRefund(world, shop.buyer, orderId, { amount: 1_000 });
    const before = await pictureOf(world, orderId);
    world.psp.control.settleRefund(refundId, 'succeeded', undefined, { ...done, ...SILENT });
    await swept(orderId);
    await world.finished(`refund/${refundId}`);
    const [flag, ...others] = await openFlags(world, 'amount_differs', `refund/${refundId}`);
    expect(flag).toBeDefined();
    expect(others).toEqual([]);
    expect(await pictureOf(world, orderId)).toEqual(before);
    expect(await differences()).toContain(`refund/${refundId}`);
    // Somebody has looked at it: the next sweep does not bring the same thing up again.
    const cleared = { flagId: flag!.id, actor: shop.admin.id, reason: 'looked at' };
    await world.database.db.transaction((tx) => clearFlag(tx, cleared));
    expect((await swept(orderId)).synced).toBe(0);
    expect(await openFlags(world, 'amount_differs', `refund/${refundId}`)).toEqual([]);
    // What is told anew is something else.
    world.psp.control.settleRefund(refundId, 'succeeded', undefined, { amountMinor: 1, ...SILENT });
    await swept(orderId);
    await world.finished(`refund/${refundId}`);
    expect(await openFlags(world, 'amount_differs', `refund/${refundId}`)).toHaveLength(1);
    world.psp.control.settleRefund(refundId, 'succeeded', undefined, {
      amountMinor: 1_000,
      currency: 'USD',
      ...SILENT,
    });
    await expectProvidersAgree(world);
  },
);

it('disputes that cannot be told hide none of the others', async () => {
  const orderIds = [await sold(), await sold(), await sold()];
  const ids = orderIds.map((orderId) => world.psp.control.openDispute(orderId, undefined, SILENT).dispute_id);
  // Words of another router: one without the prefix, and an id that no row can hold.
  world.psp.control.rewriteDispute(ids[1]!, { dispute_status: 'opened' });
  world.psp.control.rewriteDispute(ids[2]!, { dispute_id: 'dp_\0' });
  const lines: string[] = [];
  const sink = new Writable({ write: (chunk, _, done) => (lines.push(String(chunk)), done()) });
  const log = createLogger('error', sink);
  const own = { db: world.database.db, engine: world.engine, log };
  const inbox = createSweepInbox(own);
  const deps = {
    ...own,
    psp: createHyperswitch({
      baseUrl: world.config.HYPERSWITCH_BASE_URL,
      apiKey: world.config.HYPERSWITCH_API_KEY,
    }),
    inbox: {
      ...inbox,
      dispatch: (event: Parameters<typeof inbox.dispatch>[0]) =>
        event.subject === 'dispute' && event.disputeId === ids[1]
          ? Promise.reject(new Error('no way to tell it'))
          : inbox.dispatch(event),
    },
    purchases: createPurchases(world.config),
    settings: settingsOf(world.config),
  };
  const terms = { phase: 'outside', engineRebuilt: false, orphanGapMs: 600_000 } as const;
  expect(await lookAt(deps, RECENT_DISPUTES, terms)).toEqual({ what: 'left', why: 'error' });
  await world.finished(`order/${orderIds[0]}`);
  expect(await disputeOf(orderIds[0]!)).toMatchObject({ status: 'open' });
  expect(lines.join()).toContain(ids[1]);
  // The word without its prefix is understood.
  await lookAt({ ...deps, inbox }, RECENT_DISPUTES, terms);
  await world.finished(`order/${orderIds[1]}`);
  expect(await disputeOf(orderIds[1]!)).toMatchObject({ status: 'open' });
  world.psp.control.rewriteDispute(ids[2]!, { dispute_id: ids[2] });
  await swept(...orderIds);
  expect(await disputeOf(orderIds[2]!)).toMatchObject({ status: 'open' });
});

it('where all is as known nobody is told, and a second sweep finds nothing', async () => {
  const orderId = await sold();
  await swept(orderId);
  const again = await swept(orderId);
  expect(again).toMatchObject({ synced: 0, failed: 0 });
  expect(again.left).toBe(again.seen);
  expect(again.seen).toBeGreaterThan(1);
});

it('of a payment that is not ours it is left, and so is all that the PSP does not answer', async () => {
  const orderId = await sold();
  const created = await fetch(`${world.psp.url}/payments`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'api-key': world.config.HYPERSWITCH_API_KEY },
    body: JSON.stringify({ payment_id: 'pay_of_others', amount: 100, currency: 'USD' }),
  });
  expect(created.status).toBe(200);
  world.psp.control.openDispute('pay_of_others', 100, SILENT);
  expect((await swept(orderId)).why).toMatchObject({ of_others: 1 });
  world.psp.control.addFault({ kind: 'status', status: 503, match: 'disputes.list', times: 'always' });
  const unread = await swept(orderId);
  expect(unread.why).toEqual({ psp_unreadable: unread.seen });
  expect((await world.order(orderId)).status).toBe('completed');
});

it('a payment of half a year ago is not looked at any more', async () => {
  const orderId = await sold();
  await world.database.sql`
    UPDATE orders SET created_at = created_at - interval '181 days', completed_at = completed_at - interval '181 days'`;
  expect(await swept(orderId)).toMatchObject({ seen: 1, synced: 0 });
  const rows = await world.database.sql<
    { over: boolean }[]
  >`SELECT DISTINCT outside_over AS over FROM orders`;
  expect(rows).toEqual([{ over: true }]);
});

it('a part of an invoice given back in the dashboard, and its webhook lost: found, and looked at in its turn', async () => {
  const { db } = world.database;
  const { invoiceId } = await subscriptionsOf(world).active();
  const refundId = world.psp.control.createExternalRefund(invoiceId, 307, SILENT).refund_id;
  expect(await differences()).toEqual([`invoice/${invoiceId}`]);
  expect((await swept()).why['told']).toBe(1);
  await eventually(async () => {
    const [invoice] = await db.select().from(invoices).where(eq(invoices.id, invoiceId));
    expect(invoice).toMatchObject({ status: 'partially_refunded', refundedMinor: 307 });
  });
  expect(await db.select().from(refunds).where(eq(refunds.invoiceId, invoiceId))).toMatchObject([
    { kind: 'external', status: 'succeeded', amountMinor: 307, hyperswitchRefundId: refundId },
  ]);
  const [attempt] = await db.select().from(invoicePayments).where(eq(invoicePayments.id, invoiceId));
  expect(attempt?.outsideCheckedAt).toBeInstanceOf(Date);
  expect((await swept()).why['told']).toBeUndefined();
  await expectCleanBooks(world);
  await expectProvidersAgree(world);
});
