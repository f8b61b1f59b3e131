import { and, eq } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { disputes } from '../../db/marketplace/disputes/schema.ts';
import { refunds } from '../../db/marketplace/refunds/schema.ts';
import { licenses, orderItems } from '../../db/marketplace/orders/schema.ts';
import { expectCleanBooks, posted } from '../harness/books.ts';
import { flagsOf, refundsOf } from '../harness/read.ts';
import { type Catalog, openCatalog } from '../harness/shop.ts';
import { until } from '../harness/wait.ts';
import { completedOrder, openedRefund, paidOrder, settledRefund } from '../harness/stories.ts';
import { World } from '../harness/world.ts';
import { newEventId, taken } from '../webhooks/support.ts';

const TOTAL = 12_000;
const SHARE = 10_800;

let world: World;
let people: Catalog;
beforeAll(async () => {
  world = await World.create();
  people = await openCatalog(world);
});
afterAll(() => world.close());

const revoked = async (orderId: string) =>
  (
    await world.database.db
      .select({ revokedAt: licenses.revokedAt })
      .from(licenses)
      .innerJoin(orderItems, eq(orderItems.id, licenses.orderItemId))
      .where(eq(orderItems.orderId, orderId))
  ).map((license) => license.revokedAt !== null);

const flags = (orderId: string) => flagsOf(world, `order/${orderId}`);

/** Waits until the order's workflow has booked what it was told, and what that started has ended. */
async function told(orderId: string): Promise<void> {
  await world.psp.control.idle();
  await world.finished(`order/${orderId}`);
  for (const refund of await refundsOf(world, orderId)) {
    for (const reversal of await world.reversalsOf(refund.id))
      await world.finished(`reversal/${reversal.id}`);
  }
  for (const { id, waitingFor } of await world.transfersOf(orderId)) {
    if (waitingFor === null) await world.finished(`transfer/${id}`);
  }
}

const disputesOf = (orderId: string) =>
  world.database.db.select().from(disputes).where(eq(disputes.orderId, orderId)).orderBy(disputes.openedAt);
const disputeOf = async (orderId: string) => (await disputesOf(orderId))[0];

/** An order of 120.00 EUR whose seller has their share. */
const sold = async () => (await completedOrder(world, people.buyer, [people.products[2]!.id])).orderId;

const disputed = async () => {
  const orderId = await sold();
  const { dispute_id: disputeId } = world.psp.control.openDispute(orderId);
  await told(orderId);
  return { orderId, disputeId };
};

interface Word {
  readonly status: 'opened' | 'challenged' | 'won' | 'lost' | 'accepted' | 'cancelled' | 'expired';
  readonly stage?: string;
  readonly amount?: number;
  readonly currency?: string;
  /** Seconds on the PSP's clock. */
  readonly at?: number;
  readonly disputeId?: string;
}

/** A word as the router tells it, at a time of its own. */
async function send(orderId: string, word: Word): Promise<void> {
  const {
    status,
    stage = 'dispute',
    amount = TOTAL,
    currency = 'EUR',
    at,
    disputeId = `dp_${orderId}`,
  } = word;
  const object = {
    dispute_id: disputeId,
    payment_id: orderId,
    amount: String(amount),
    currency,
    dispute_stage: stage,
    dispute_status: `dispute_${status}`,
    created_at: '2026-08-21T10:00:00.000Z',
  };
  const timestamp = at === undefined ? undefined : new Date(Date.UTC(2026, 7, 21, 10, 0, at)).toISOString();
  const event = {
    event_id: `evt_${crypto.randomUUID()}`,
    event_type: `dispute_${status}`,
    content: { type: 'dispute_details', object },
    ...(timestamp !== undefined && { timestamp }),
  };
  await world.psp.control.sendWebhook(JSON.stringify(event));
}

const say = async (orderId: string, word: Word): Promise<void> => {
  await send(orderId, word);
  await told(orderId);
};

const refundIsRefused = async (orderId: string) => {
  const refused = await world.post(people.buyer, `/marketplace/orders/${orderId}/refund`, {});
  expect(refused.status, JSON.stringify(refused.body)).toBe(400);
  return refused.body['code'];
};

/** The order as if there had never been a dispute: paid, not refunded, licensed, and its seller has their share. */
async function expectAsSold(orderId: string): Promise<void> {
  expect(await world.order(orderId)).toMatchObject({ status: 'completed', refundedMinor: 0 });
  expect(await revoked(orderId)).toEqual([false]);
  const kept = (await world.transfersOf(orderId)).map((row) =>
    row.completedAt === null ? 0 : row.amountMinor - row.reversedMinor,
  );
  expect(kept.reduce((sum, one) => sum + one, 0)).toBe(SHARE);
  expect(await posted(world, orderId, 'cash:psp')).toBe(TOTAL - SHARE);
  expect(await posted(world, orderId, 'platform:revenue')).toBe(SHARE - TOTAL);
  expect(await posted(world, orderId, 'platform:losses')).toBe(0);
  await expectCleanBooks(world);
}

async function expectLost(orderId: string, amountMinor = TOTAL): Promise<void> {
  const standing = (await refundsOf(world, orderId)).filter(({ status }) => status === 'succeeded');
  expect(standing.reduce((sum, refund) => sum + refund.amountMinor, 0)).toBe(amountMinor);
  expect(await world.order(orderId)).toMatchObject({
    status: amountMinor === TOTAL ? 'refunded' : 'partially_refunded',
    refundedMinor: amountMinor,
  });
  expect(await revoked(orderId)).toEqual([amountMinor === TOTAL]);
  expect(await posted(world, orderId, 'cash:psp')).toBe(
    TOTAL - amountMinor - (SHARE - (amountMinor / TOTAL) * SHARE),
  );
  await expectCleanBooks(world);
}

describe('a dispute', () => {
  it('blocks refunds while it stands', async () => {
    const { orderId } = await disputed();
    expect(await disputeOf(orderId)).toMatchObject({ status: 'open', amountMinor: 12_000 });
    const refused = await world.post(people.buyer, `/marketplace/orders/${orderId}/refund`, {});
    expect([refused.status, refused.body['code']]).toEqual([400, 'order_disputed']);
    expect(await flags(orderId)).toContain('dispute_opened');
  });

  it.each([
    ['no amount', { currency: 'EUR' }],
    ['no currency', { amount: String(TOTAL) }],
    ['an amount with a point', { amount: '120.00', currency: 'EUR' }],
    ['neither', {}],
  ])('whose webhook tells %s: the PSP is asked, and it blocks refunds', async (_case, money) => {
    const orderId = await sold();
    const { dispute_id } = world.psp.control.openDispute(orderId, undefined, { webhook: false });
    const object = { dispute_id, payment_id: orderId, dispute_status: 'dispute_opened', ...money };
    const event = {
      event_id: newEventId(),
      event_type: 'dispute_opened',
      content: { type: 'dispute_details', object },
    };
    await taken(world, 'hyperswitch', event, 'signalled');
    await told(orderId);
    expect(await disputesOf(orderId)).toMatchObject([
      { providerDisputeId: dispute_id, status: 'open', amountMinor: TOTAL, currency: 'EUR' },
    ]);
    expect(await refundIsRefused(orderId)).toBe('order_disputed');
    expect(await flags(orderId)).toEqual(['dispute_opened']);
  });

  it('lost, said without an amount while the PSP cannot be asked: settled once it can', async () => {
    const { orderId, disputeId } = await disputed();
    world.psp.control.closeDispute(disputeId, 'lost', { webhook: false });
    world.psp.control.addFault({ kind: 'status', status: 503, match: 'disputes.retrieve', times: 3 });
    const object = { dispute_id: disputeId, payment_id: orderId, dispute_status: 'dispute_lost' };
    await world.psp.control.sendWebhook(JSON.stringify({ event_type: 'dispute_lost', object }));
    await told(orderId);
    expect(world.psp.control.faults()).toEqual([]);
    await expectLost(orderId);
  });

  it.each(['won', 'cancelled'] as const)('%s frees the order', async (end) => {
    const { orderId, disputeId } = await disputed();
    world.psp.control.closeDispute(disputeId, end);
    await told(orderId);
    expect((await disputeOf(orderId))?.status).toBe(end);
    await settledRefund(world, people.buyer, orderId);
    expect((await world.order(orderId)).status).toBe('refunded');
    await expectCleanBooks(world);
  });

  it.each(['lost', 'accepted'] as const)('%s settles as kind dispute', async (end) => {
    const { orderId, disputeId } = await disputed();
    world.psp.control.closeDispute(disputeId, end);
    await told(orderId);
    expect((await disputeOf(orderId))?.status).toBe('lost');
    expect(await refundsOf(world, orderId)).toMatchObject([
      { kind: 'dispute', status: 'succeeded', amountMinor: 12_000 },
    ]);
    expect((await world.order(orderId)).status).toBe('refunded');
    expect((await world.transfersOf(orderId))[0]?.status).toBe('reversed');
    await expectCleanBooks(world);
  });

  it('expired stays open, flagged', async () => {
    const { orderId, disputeId } = await disputed();
    world.psp.control.closeDispute(disputeId, 'expired');
    await told(orderId);
    expect((await disputeOf(orderId))?.status).toBe('open');
    expect(await flags(orderId)).toContain('dispute_expired');
  });

  it('lost after a refund is kept as excess', async () => {
    const { orderId } = await completedOrder(world, people.buyer, [people.products[0]!.id]);
    await settledRefund(world, people.buyer, orderId);
    const { dispute_id: disputeId } = world.psp.control.openDispute(orderId);
    await told(orderId);
    world.psp.control.closeDispute(disputeId, 'lost');
    await told(orderId);
    const kept = await world.database.db
      .select()
      .from(refunds)
      .where(and(eq(refunds.orderId, orderId), eq(refunds.kind, 'dispute')));
    expect(kept).toMatchObject([{ amountMinor: 2_500, excessMinor: 2_500 }]);
    await expectCleanBooks(world);
  });

  it('holds a transfer that Stripe was not asked for, and lets it go', async () => {
    world.stripe.control.setPlatformBalance('eur', 0);
    const orderId = await paidOrder(world, people.buyer, [people.products[2]!.id]);
    const { dispute_id: disputeId } = world.psp.control.openDispute(orderId);
    await told(orderId);
    world.stripe.control.setPlatformBalance('eur', null);
    const [transfer] = await world.transfersOf(orderId);
    world.psp.control.closeDispute(disputeId, 'won');
    await told(orderId);
    await world.finished(`transfer/${transfer!.id}`);
    expect((await world.transfersOf(orderId))[0]?.status).toBe('completed');
    await expectCleanBooks(world);
  });
});

describe('a dispute that turns', () => {
  it.each(['won', 'cancelled'] as const)('lost, then %s: what it took is back', async (end) => {
    const { orderId, disputeId } = await disputed();
    world.psp.control.closeDispute(disputeId, 'lost');
    await told(orderId);
    await expectLost(orderId);
    world.psp.control.closeDispute(disputeId, end);
    await told(orderId);
    expect(await disputeOf(orderId)).toMatchObject({ status: end, unbookedSince: null });
    expect(await refundsOf(world, orderId)).toMatchObject([{ kind: 'dispute', status: 'returned' }]);
    await expectAsSold(orderId);
    // It is a sale like any other, and the buyer may still give it back.
    await settledRefund(world, people.buyer, orderId);
    expect((await world.order(orderId)).status).toBe('refunded');
    await expectCleanBooks(world);
  });

  it('lost, won, and lost again at the next stage', async () => {
    const orderId = await sold();
    await say(orderId, { status: 'opened', at: 0 });
    await say(orderId, { status: 'lost', at: 1 });
    await say(orderId, { status: 'won', at: 2 });
    await say(orderId, { status: 'lost', stage: 'arbitration', at: 3 });
    expect(await disputeOf(orderId)).toMatchObject({ status: 'lost', stage: 'arbitration' });
    expect((await refundsOf(world, orderId)).map(({ status }) => status)).toEqual(['returned', 'succeeded']);
    await expectLost(orderId);
  });

  it('won, then opened before arbitration: refunds are blocked again, and a loss is booked', async () => {
    const { orderId, disputeId } = await disputed();
    world.psp.control.closeDispute(disputeId, 'won');
    await told(orderId);
    await send(orderId, { status: 'opened', stage: 'pre_arbitration', disputeId });
    await told(orderId);
    expect(await disputeOf(orderId)).toMatchObject({
      status: 'open',
      stage: 'pre_arbitration',
      closedAt: null,
    });
    expect(await refundIsRefused(orderId)).toBe('order_disputed');
    expect(await flags(orderId)).toEqual(['dispute_opened']);
    await say(orderId, { status: 'lost', stage: 'pre_arbitration', disputeId });
    expect(await disputeOf(orderId)).toMatchObject({ status: 'lost', stage: 'pre_arbitration' });
    await expectLost(orderId);
  });

  it('lost, then opened before arbitration: what was lost is gone until it is won', async () => {
    const orderId = await sold();
    await say(orderId, { status: 'lost', amount: 6_000, at: 1 });
    await say(orderId, { status: 'opened', amount: 6_000, stage: 'pre_arbitration', at: 2 });
    await expectLost(orderId, 6_000);
    expect(await refundIsRefused(orderId)).toBe('order_disputed');
    await say(orderId, { status: 'won', amount: 6_000, stage: 'pre_arbitration', at: 3 });
    await expectAsSold(orderId);
  });

  it('words without a time count in the order in which they come', async () => {
    const orderId = await sold();
    for (const status of ['opened', 'lost', 'won', 'lost'] as const) await say(orderId, { status });
    await expectLost(orderId);
    // Within a stage a dispute begins open: this one was overtaken.
    await say(orderId, { status: 'opened' });
    expect((await disputeOf(orderId))?.status).toBe('lost');
  });

  it('doubled and in any order, words end where one clean delivery of them ends', async () => {
    const words: Word[] = [
      { status: 'opened', at: 0 },
      { status: 'lost', at: 1 },
      { status: 'won', at: 2 },
      { status: 'opened', stage: 'pre_arbitration', at: 3 },
      { status: 'lost', stage: 'pre_arbitration', at: 4 },
      { status: 'won', stage: 'arbitration', at: 5 },
    ];
    const [clean, backwards, doubled] = [await sold(), await sold(), await sold()];
    for (const word of words) await say(clean, word);
    for (const word of words.toReversed()) await say(backwards, word);
    await Promise.all([...words, ...words.toReversed()].map((word) => send(doubled, word)));
    await told(doubled);
    for (const orderId of [clean, backwards, doubled]) {
      expect(await disputesOf(orderId)).toMatchObject([{ status: 'won', stage: 'arbitration' }]);
      await expectAsSold(orderId);
    }
  });

  it('of another amount: what is really lost is booked', async () => {
    const orderId = await sold();
    await say(orderId, { status: 'opened', amount: 3_000, at: 0 });
    await say(orderId, { status: 'lost', amount: 3_000, at: 1 });
    await expectLost(orderId, 3_000);
    await say(orderId, { status: 'lost', amount: 6_000, stage: 'arbitration', at: 2 });
    expect(await disputeOf(orderId)).toMatchObject({ amountMinor: 6_000, status: 'lost' });
    await expectLost(orderId, 6_000);
    await say(orderId, { status: 'lost', amount: 1_200, stage: 'dispute_reversal', at: 3 });
    await expectLost(orderId, 1_200);
    await say(orderId, { status: 'won', amount: 1_200, stage: 'dispute_reversal', at: 4 });
    await expectAsSold(orderId);
  });

  it('of several of one payment each is booked by itself, whatever was beyond the order meanwhile', async () => {
    const orderId = await sold();
    const [one, other] = [`dp_a_${orderId}`, `dp_b_${orderId}`];
    await say(orderId, { status: 'lost', disputeId: one, amount: 9_000, at: 1 });
    await say(orderId, { status: 'lost', disputeId: other, amount: 6_000, at: 1 });
    expect(await posted(world, orderId, 'platform:losses')).toBe(3_000);
    await say(orderId, { status: 'won', disputeId: one, amount: 9_000, at: 2 });
    // What the other took beyond the order is its seller's to bear after all.
    expect(await posted(world, orderId, 'platform:losses')).toBe(0);
    await expectLost(orderId, 6_000);
    await say(orderId, { status: 'won', disputeId: other, amount: 6_000, at: 2 });
    await expectAsSold(orderId);
  });

  it('lost after a refund, then won: the loss is taken back, and the order stays refunded', async () => {
    const orderId = await sold();
    await settledRefund(world, people.buyer, orderId);
    await say(orderId, { status: 'lost', at: 1 });
    expect(await posted(world, orderId, 'platform:losses')).toBe(TOTAL);
    await say(orderId, { status: 'won', at: 2 });
    expect(await posted(world, orderId, 'platform:losses')).toBe(0);
    expect(await world.order(orderId)).toMatchObject({ status: 'refunded', refundedMinor: TOTAL });
    expect(await revoked(orderId)).toEqual([true]);
    await expectCleanBooks(world);
  });

  it('won while another refund is open: that one holds its shares again', async () => {
    const orderId = await sold();
    world.psp.control.setRefundMode('manual');
    const refundId = await openedRefund(world, people.buyer, orderId, { amount: 2_000 });
    await world.psp.control.waitForRequest(
      (call) =>
        call.operation === 'refunds.create' &&
        call.outcome !== 'open' &&
        JSON.stringify(call.body).includes(refundId),
    );
    const heard = async (word: Word) => {
      await send(orderId, word);
      await world.finished(`order/${orderId}`);
    };
    await heard({ status: 'lost', at: 1 });
    expect((await world.refund(refundId)).excessMinor).toBe(2_000);
    await heard({ status: 'won', at: 2 });
    expect((await world.refund(refundId)).excessMinor).toBe(0);
    expect(await world.order(orderId)).toMatchObject({ status: 'refund_pending', refundedMinor: 0 });
    world.psp.control.settleRefund(refundId, 'succeeded');
    world.psp.control.setRefundMode('auto');
    await world.finished(`refund/${refundId}`);
    await told(orderId);
    expect(await world.order(orderId)).toMatchObject({ status: 'partially_refunded', refundedMinor: 2_000 });
    expect(await posted(world, orderId, 'platform:losses')).toBe(0);
    await expectCleanBooks(world);
  });

  it('won while its reversals are still open at Stripe: they go on, and the share is sent again', async () => {
    const orderId = await sold();
    const fault = world.stripe.control.addFault({
      kind: 'status',
      match: 'transfers.createReversal',
      status: 503,
      times: 'always',
    });
    await send(orderId, { status: 'lost', at: 1 });
    await world.finished(`order/${orderId}`);
    await send(orderId, { status: 'won', at: 2 });
    await world.finished(`order/${orderId}`);
    expect(await world.order(orderId)).toMatchObject({ status: 'completed', refundedMinor: 0 });
    await expectCleanBooks(world);
    world.stripe.control.clearFaults(fault);
    for (const refund of await refundsOf(world, orderId)) {
      for (const { id } of await world.reversalsOf(refund.id))
        await world.engine.retryReversal(await labelOf(id));
    }
    await told(orderId);
    await expectAsSold(orderId);
  });

  it('won while a transfer that it changes is on its way: it is booked once that has ended', async () => {
    world.stripe.control.setPlatformBalance('eur', 0);
    const orderId = await paidOrder(world, people.buyer, [people.products[2]!.id]);
    await send(orderId, { status: 'lost', amount: 6_000, at: 1 });
    await world.finished(`order/${orderId}`);
    // Asked for what is left of the share, and nobody knows what became of it.
    const fault = world.stripe.control.addFault({
      kind: 'status',
      match: 'transfers.create',
      status: 500,
      times: 'always',
    });
    world.stripe.control.setPlatformBalance('eur', null);
    const [transfer] = await world.transfersOf(orderId);
    const label = {
      transferId: transfer!.id,
      orderId,
      sellerId: transfer!.sellerId,
      amountMinor: transfer!.amountMinor,
      currency: 'EUR',
    };
    await world.engine.retryTransfer(label);
    await until(
      () => world.transfersOf(orderId),
      ([row]) => row?.askedAt !== null,
    );
    await send(orderId, { status: 'won', amount: 6_000, at: 2 });
    await until(
      () => disputeOf(orderId),
      (row) => row?.unbookedWhy === 'in_flight',
    );
    await expectCleanBooks(world);
    world.stripe.control.clearFaults(fault);
    await world.engine.retryTransfer(label);
    await told(orderId);
    expect(await disputeOf(orderId)).toMatchObject({ status: 'won', unbookedSince: null });
    await expectAsSold(orderId);
  });

  it('lost in another currency is left to a person, and booked in ours later', async () => {
    const orderId = await sold();
    await say(orderId, { status: 'lost', currency: 'USD', at: 1 });
    expect(await disputeOf(orderId)).toMatchObject({ status: 'lost', unbookedWhy: 'not_our_money' });
    expect(await flags(orderId)).toEqual(['dispute_unbooked']);
    await expectCleanBooks(world);
    await say(orderId, { status: 'lost', stage: 'arbitration', at: 2 });
    expect(await disputeOf(orderId)).toMatchObject({ unbookedSince: null, currency: 'EUR' });
    expect(await flags(orderId)).toEqual([]);
    await expectLost(orderId);
  });

  it('and a word of an earlier stage, said later, is left to a person', async () => {
    const orderId = await sold();
    await say(orderId, { status: 'lost', stage: 'arbitration', at: 1 });
    await say(orderId, { status: 'won', stage: 'pre_arbitration', at: 0 });
    expect(await flags(orderId)).toEqual([]);
    await say(orderId, { status: 'won', stage: 'pre_arbitration', at: 2 });
    expect(await flags(orderId)).toEqual(['dispute_contradicted']);
    await expectLost(orderId);
  });
});

async function labelOf(reversalId: string) {
  const [row] = await world.database.sql<
    { transferId: string; orderId: string; sellerId: string; refundId: string; amountMinor: number }[]
  >`SELECT t.id AS "transferId", t.order_id AS "orderId", t.seller_id AS "sellerId", v.refund_id AS "refundId",
      v.amount_minor::int AS "amountMinor"
    FROM transfer_reversals v JOIN seller_transfers t ON t.id = v.transfer_id WHERE v.id = ${reversalId}`;
  return { ...row!, reversalId, currency: 'EUR' };
}
