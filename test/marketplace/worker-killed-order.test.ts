import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { idFor } from '../../api/kernel/idempotency.ts';
import { expectCleanBooks, posted, postings } from '../harness/books.ts';
import { flagsOf, licensesOf, refundsOf } from '../harness/read.ts';
import { delivered, eventually } from '../harness/wait.ts';
import { NET_MINOR, openShop, PRICE_MINOR, type Shop } from '../harness/shop.ts';
import { installStops, type Stops } from '../worker/stops.ts';
import { onTransfersTo } from '../harness/trouble.ts';
import type { Answer, BodyOf } from '../harness/answers.ts';
import { World } from '../harness/world.ts';

interface Story {
  readonly world: World;
  readonly stops: Stops;
  readonly shop: Shop;
  readonly orderId: string;
  /** Places the order, by a key of its own. */
  place(): Promise<Answer<BodyOf<'POST', '/marketplace/orders'>>>;
}

/** Brings a purchase to a step and returns once it stands there. */
type Step = (story: Story) => Promise<unknown>;

/** What the buyer does of it: not before the PSP has the payment. */
const placeAndPay = async ({ world, orderId, place }: Story, paid: { amountReceivedMinor?: number } = {}) => {
  await place();
  world.psp.control.pay(orderId, paid);
};
const stopAt =
  (where: 'in' | 'at', what: string, act: (story: Story) => Promise<unknown>): Step =>
  async (story) => {
    const stop = `${where} orders ${story.orderId} ${what}` as const;
    await story.stops.hold(stop);
    void act(story);
    await story.stops.reached(stop);
  };
const placing = ({ place }: Story) => place();
const whileAsking =
  (kind: 'hang' | 'timeoutAfter'): Step =>
  async ({ world, orderId, place }) => {
    world.psp.control.addFault({ kind, match: 'payments.create', where: { payment_id: orderId } });
    void place();
    await world.psp.control.waitForRequest(
      ({ operation, body, outcome }) =>
        operation === 'payments.create' &&
        outcome === 'never_answered' &&
        (body as { payment_id?: string }).payment_id === orderId,
    );
  };
const whileSending =
  (kind: 'hang' | 'timeoutAfter'): Step =>
  async (story) => {
    const { accountId } = story.shop.seller;
    onTransfersTo(story.world, accountId, { kind });
    await placeAndPay(story);
    await story.world.stripe.control.waitForRequest(
      ({ operation, body, outcome }) =>
        operation === 'transfers.create' &&
        outcome === 'never_answered' &&
        (body as { destination?: string }).destination === accountId,
    );
  };

const STEPS: Readonly<Record<string, Step>> = {
  'the order is written and not committed': stopAt('in', 'pending', placing),
  'the order is committed and nobody was told': stopAt('at', 'pending', placing),
  'the PSP was asked and has not acted': whileAsking('hang'),
  'the PSP has acted and not answered': whileAsking('timeoutAfter'),
  'the PSP’s answer is written and not committed': stopAt('in', 'pending answered', placing),
  'the PSP’s answer is committed and nobody was told': stopAt('at', 'pending answered', placing),
  'it waits for the webhook': placing,
  'the completion is written and not committed': stopAt('in', 'completed', placeAndPay),
  'the completion is committed and the transfer not started': stopAt('at', 'completed', placeAndPay),
  'Stripe was asked for the transfer and has not acted': whileSending('hang'),
  'Stripe has sent the transfer and not answered': whileSending('timeoutAfter'),
};

const payLess = (story: Story) => placeAndPay(story, { amountReceivedMinor: 1_234 });
const GIVE_BACK_STEPS: Readonly<Record<string, Step>> = {
  'a payment that differs is written and not committed': stopAt('in', 'refund_pending', payLess),
  'a payment that differs is committed and its give-back not started': stopAt(
    'at',
    'refund_pending',
    payLess,
  ),
};

describe('the worker killed between any two steps of a purchase: it dies while', () => {
  let world: World;
  let stops: Stops;
  /** How each story came to its step; a step that is not reached fails its own test alone. */
  const arrived = new Map<string, Promise<Story>>();

  async function begin(step: Step): Promise<Story> {
    const shop = await openShop(world);
    const key = uuidv7();
    const body = { items: shop.productIds.map((productId) => ({ product_id: productId })) };
    const story: Story = {
      world,
      stops,
      shop,
      orderId: idFor({ scope: `${shop.buyer.id}:placeOrder`, key, bodyHash: '' }),
      place: () => world.post(shop.buyer, '/marketplace/orders', body, { 'idempotency-key': key }),
    };
    await step(story);
    return story;
  }

  beforeAll(async () => {
    world = await World.create({ worker: false });
    stops = await installStops(world);
    await world.startWorkerProcess();
    for (const [name, step] of Object.entries({ ...STEPS, ...GIVE_BACK_STEPS }))
      arrived.set(name, begin(step));
    await Promise.allSettled(arrived.values());
    // All of them stand still. One death for all: each story is another order, of other people.
    await world.killWorkerProcess();
    await stops.settleAll();
    // Whoever can pay does so while there is no worker: the webhook is taken all the same.
    const waiting = await arrived.get('it waits for the webhook');
    world.psp.control.pay(waiting!.orderId);
    await delivered(world, waiting!.orderId, 'payment_succeeded');
    await world.startWorkerProcess();
  }, 120_000);
  afterAll(async () => {
    await stops.close();
    await world.close();
  });

  /** The order of a story, known to the PSP and paid; found the way its client finds it: by asking again. */
  async function paid({ orderId, place }: Story) {
    await eventually(async () => {
      const answer = await place();
      expect([answer.status, answer.body['order']?.['id']]).toEqual([201, orderId]);
    }, 60_000);
    expect(world.psp.control.payments().filter(({ payment_id }) => payment_id === orderId)).toHaveLength(1);
    if (world.psp.control.payment(orderId).status === 'requires_payment_method') {
      world.psp.control.pay(orderId);
    }
    await delivered(world, orderId, 'payment_succeeded');
    await world.finished(`order/${orderId}`);
  }

  it.each(Object.keys(STEPS))('%s', { timeout: 90_000 }, async (name) => {
    const story = await arrived.get(name)!;
    const { orderId, shop } = story;
    await paid(story);
    const transfers = await world.transfersOf(orderId);
    for (const transfer of transfers) await world.finished(`transfer/${transfer.id}`);
    // One order, one completion, one transfer: here, at the PSP and at Stripe.
    expect(await world.order(orderId)).toMatchObject({ status: 'completed', capturedMinor: PRICE_MINOR });
    expect(await licensesOf(world, orderId)).toHaveLength(1);
    expect(await postings(world, orderId, 'order_completed')).toBe(1);
    expect(await postings(world, orderId, 'transfer_completed')).toBe(1);
    const sent = world.stripe.control
      .transfers()
      .filter(({ destination }) => destination === shop.seller.accountId);
    expect(sent.map(({ amount }) => amount)).toEqual([NET_MINOR]);
    const [transfer] = await world.transfersOf(orderId);
    expect(transfer).toMatchObject({ status: 'completed', stripeTransferId: sent[0]!.id });
    expect(await refundsOf(world, orderId)).toEqual([]);
    const orders = await world.get(shop.buyer, '/marketplace/orders');
    expect(orders.body['data']).toMatchObject([{ id: orderId, status: 'completed' }]);
    await expectCleanBooks(world);
  });

  it.each(Object.keys(GIVE_BACK_STEPS))('%s', { timeout: 90_000 }, async (name) => {
    const story = await arrived.get(name)!;
    const { orderId } = story;
    await paid(story);
    const [refund] = await refundsOf(world, orderId);
    expect(await world.finished(`refund/${refund!.id}`)).toEqual({ status: 'succeeded' });
    expect(await refundsOf(world, orderId)).toMatchObject([
      { kind: 'payment_returned', status: 'succeeded', amountMinor: 1_234 },
    ]);
    expect(world.psp.control.refunds(orderId)).toMatchObject([{ refund_id: refund!.id, amount: 1_234 }]);
    expect(await world.order(orderId)).toMatchObject({
      status: 'refunded',
      failureReason: 'amount differs',
    });
    expect(await world.transfersOf(orderId)).toEqual([]);
    expect(await posted(world, orderId, 'suspense:order')).toBe(0);
    expect(await postings(world, orderId, 'payment_suspended')).toBe(1);
    expect(await flagsOf(world, `order/${orderId}`)).toEqual(['amount_differs']);
    await expectCleanBooks(world);
  });
});
