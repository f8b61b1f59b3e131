import { inArray } from 'drizzle-orm';
import fc from 'fast-check';
import { expect } from 'vitest';
import { webhookEvents } from '../../db/webhooks/schema.ts';
import { refundsOf } from '../harness/read.ts';
import { adopted } from '../harness/wait.ts';
import { openShop, type Shop } from '../harness/shop.ts';
import { openedRefund, placedOrder } from '../harness/stories.ts';
import type { World } from '../harness/world.ts';
import { deliver, orderEnded } from './support.ts';

// Stories of several orders, and the ways in which a provider may deliver what it has to say about them.

const PAYMENTS = ['succeeded', 'failed', 'cancelled', 'differs'] as const;
const REFUNDS = ['none', 'succeeded', 'failed', 'failed, then succeeded', 'succeeded, then failed'] as const;

/** What becomes of an order at the PSP. */
export interface Fate {
  readonly sellers: 1 | 2;
  readonly payment: (typeof PAYMENTS)[number];
  /** Of the buyer's refund, or of the one by which a payment that differs is given back. */
  readonly refund: (typeof REFUNDS)[number];
}

/** Deliveries that are under way at the same time. `away`: to an API that cannot reach the engine. */
export interface Batch {
  readonly picks: readonly number[];
  readonly away: boolean;
}

export interface Interleaving {
  readonly fates: readonly Fate[];
  /** While the buyers pay, and while they are refunded: late copies of the payments' events come in between. */
  readonly paying: readonly Batch[];
  readonly refunding: readonly Batch[];
}

const fate: fc.Arbitrary<Fate> = fc.record({
  sellers: fc.constantFrom(1, 2),
  // Most buyers can pay: only then is there something to be refunded.
  payment: fc.oneof(
    { weight: 3, arbitrary: fc.constant('succeeded' as const) },
    { weight: 2, arbitrary: fc.constantFrom(...PAYMENTS) },
  ),
  refund: fc.constantFrom(...REFUNDS),
});

const batches = fc.array(
  fc.record({
    picks: fc.array(fc.nat(), { minLength: 1, maxLength: 8 }),
    away: fc.oneof({ weight: 4, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
  }),
  { maxLength: 6 },
);

export const interleavings: fc.Arbitrary<Interleaving> = fc.record({
  fates: fc.array(fate, { minLength: 1, maxLength: 3 }),
  paying: batches,
  refunding: batches,
});

interface Event {
  readonly eventId: string;
  readonly body: string;
}

export interface Told {
  readonly shop: Shop;
  readonly orderId: string;
}

/** Over all lives: a property of outages that never came would hold for nothing. */
export const outages = { answered503: 0 };

/** Lives through an interleaving, in a shop for each order, until nothing is under way. Wants all webhooks held. */
export async function live(world: World, awayUrl: string, how: Interleaving): Promise<Told[]> {
  const told = await Promise.all(how.fates.map((one) => place(world, one)));
  for (const [position, { orderId }] of told.entries()) pay(world, orderId, how.fates[position]!);
  const paid = eventsOf(
    world,
    told.map(({ orderId }) => orderId),
  );
  await deliverAll(world, awayUrl, paid, how.paying, paid);
  for (const { orderId } of told) await orderEnded(world, orderId);

  const refundIds: string[] = [];
  for (const [position, one] of told.entries()) {
    refundIds.push(...(await refundAt(world, one, how.fates[position]!)));
  }
  const refunded = eventsOf(world, refundIds);
  await deliverAll(world, awayUrl, [...refunded, ...paid], how.refunding, refunded);
  for (const { orderId } of told) await orderEnded(world, orderId);
  for (const refundId of refundIds) {
    await world.finished(`refund/${refundId}`);
    for (const { id } of await world.reversalsOf(refundId)) await world.finished(`reversal/${id}`);
  }
  await expectKept(world, [...paid, ...refunded]);
  return told;
}

async function place(world: World, { sellers }: Fate): Promise<Told> {
  const shop = await openShop(world, { prices: [10_000, 3_333].slice(0, sellers) });
  return { shop, orderId: await placedOrder(world, shop.buyer, shop.productIds) };
}

function pay({ psp: { control } }: World, orderId: string, { payment }: Fate): void {
  control.processing(orderId);
  if (payment === 'failed') control.fail(orderId, 'Declined');
  else if (payment === 'cancelled') control.cancel(orderId);
  else if (payment === 'differs') control.pay(orderId, { amountReceivedMinor: 777 });
  else control.pay(orderId);
}

/** Opens the refund that the fate wants, lets the PSP decide it, and returns its id. */
async function refundAt(world: World, { shop, orderId }: Told, { payment, refund }: Fate): Promise<string[]> {
  if (refund === 'none' || payment === 'failed' || payment === 'cancelled') return [];
  const refundId =
    payment === 'differs'
      ? (await refundsOf(world, orderId))[0]!.id
      : await openedRefund(world, shop.buyer, orderId);
  await adopted(world, refundId);
  for (const status of refund.split(', then ')) {
    world.psp.control.settleRefund(refundId, status === 'failed' ? 'failed' : 'succeeded');
  }
  return [refundId];
}

/** The PSP's events about these objects, in its own order. */
function eventsOf({ psp: { control } }: World, objectIds: readonly string[]): Event[] {
  return control.deliveries().filter((delivery) => objectIds.includes(delivery.objectId));
}

/** Delivers by the batches, and then, as the provider would, each due event that nobody has accepted yet. */
async function deliverAll(
  world: World,
  awayUrl: string,
  events: readonly Event[],
  how: readonly Batch[],
  due: readonly Event[],
): Promise<void> {
  const accepted = new Set<string>();
  const send = async ({ eventId, body }: Event, apiUrl?: string) => {
    const { status, body: answer } = await deliver(world, 'hyperswitch', body, apiUrl ? { apiUrl } : {});
    expect(apiUrl === undefined ? [200] : [200, 503], JSON.stringify(answer)).toContain(status);
    if (status === 200) accepted.add(eventId);
    else outages.answered503 += 1;
  };
  const underWay: Promise<unknown>[] = [];
  for (const { picks, away } of events.length === 0 ? [] : how) {
    const chosen = picks.map((pick) => events[pick % events.length]!);
    const sending = Promise.all(chosen.map((event) => send(event, away ? awayUrl : undefined)));
    // What waits for an engine that is away is still under way while others arrive.
    if (away) underWay.push(sending);
    else await sending;
  }
  await Promise.all(underWay);
  for (const event of due) if (!accepted.has(event.eventId)) await send(event);
}

/** Each event is in the inbox once, as it came, and processed. */
async function expectKept({ database: { db } }: World, events: readonly Event[]): Promise<void> {
  if (events.length === 0) return;
  const rows = await db
    .select()
    .from(webhookEvents)
    .where(
      inArray(
        webhookEvents.eventId,
        events.map(({ eventId }) => eventId),
      ),
    );
  expect(rows.map((row) => row.body).toSorted()).toEqual(events.map(({ body }) => body).toSorted());
  expect(rows.filter((row) => row.processedAt === null || row.error?.includes('unavailable'))).toEqual([]);
}
