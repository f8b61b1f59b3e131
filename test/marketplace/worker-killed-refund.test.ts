import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectCleanBooks, postings } from '../harness/books.ts';
import { flagsOf, licensesOf, refundsOf } from '../harness/read.ts';
import { adopted, delivered } from '../harness/wait.ts';
import { openShop, PRICE_MINOR, type Shop } from '../harness/shop.ts';
import { installStops, type Stops } from '../worker/stops.ts';
import { completedOrder } from '../harness/stories.ts';
import { onReversalsOf } from '../harness/trouble.ts';
import type { Answer, BodyOf } from '../harness/answers.ts';
import { World } from '../harness/world.ts';

interface Story {
  readonly world: World;
  readonly stops: Stops;
  readonly shop: Shop;
  readonly orderId: string;
  readonly stripeTransferId: string;
  /** Asks for the refund, by a key of its own. */
  ask(): Promise<Answer<BodyOf<'POST', '/marketplace/orders/:orderId/refund'>>>;
  /** The PSP's webhook of this refund waits until there is a worker again. */
  holdWebhook(): void;
  /** A call of the PSP's about this order is received, and as told not carried out or not answered. */
  onCreate(kind: 'hang' | 'timeoutAfter'): Promise<void>;
}

/** Brings a refund to a step and returns once it stands there. */
type Step = (story: Story) => Promise<unknown>;

const stopAt = (where: 'in' | 'at', what: string): Step => {
  return async ({ stops, orderId, ask }) => {
    const stop = `${where} refunds ${orderId} ${what}` as const;
    await stops.hold(stop);
    void ask();
    await stops.reached(stop);
  };
};
const withHeldWebhook =
  (step: Step): Step =>
  (story) => {
    story.holdWebhook();
    return step(story);
  };
const refused =
  (step: Step): Step =>
  (story) => {
    const { world, orderId } = story;
    world.psp.control.addFault({
      kind: 'refundOutcome',
      outcome: 'refused',
      code: 'IR_06',
      message: 'No.',
      where: { payment_id: orderId },
    });
    return step(story);
  };
const whileReversing =
  (kind: 'hang' | 'timeoutAfter'): Step =>
  async ({ world, stripeTransferId, ask }) => {
    onReversalsOf(world, stripeTransferId, { kind });
    await ask();
    await world.stripe.control.waitForRequest(
      ({ operation, params, outcome }) =>
        operation === 'transfers.createReversal' &&
        params['id'] === stripeTransferId &&
        outcome === 'never_answered',
    );
  };

const STEPS: Readonly<Record<string, Step>> = {
  'phase 1 is written and not committed': stopAt('in', 'pending'),
  'phase 1 is committed and nobody was told': stopAt('at', 'pending'),
  'the PSP was asked and has not acted': async ({ ask, onCreate }) => {
    const asked = onCreate('hang');
    await ask();
    await asked;
  },
  'the PSP has acted and not answered': withHeldWebhook(async ({ ask, onCreate }) => {
    const asked = onCreate('timeoutAfter');
    await ask();
    await asked;
  }),
  'the PSP’s answer is written and not committed': withHeldWebhook(stopAt('in', 'pending adopted')),
  'the PSP’s answer is committed and nobody was told': withHeldWebhook(stopAt('at', 'pending adopted')),
  'it waits for the webhook': withHeldWebhook(async ({ world, ask }) => {
    const answer = await ask();
    await adopted(world, answer.body['refund']!['id']!);
  }),
  'the settlement is written and not committed': stopAt('in', 'succeeded'),
  'the settlement is committed and the reversal not started': stopAt('at', 'succeeded'),
  'Stripe was asked for the reversal and has not acted': whileReversing('hang'),
  'Stripe has reversed and not answered': whileReversing('timeoutAfter'),
};

const REFUSED_STEPS: Readonly<Record<string, Step>> = {
  'a refusal is written and not committed': refused(stopAt('in', 'failed')),
  'a refusal is committed and nobody was told': refused(stopAt('at', 'failed')),
};

describe('the worker killed between any two steps of a refund: it dies while', () => {
  let world: World;
  let stops: Stops;
  /** How each story came to its step; a step that is not reached fails its own test alone. */
  const arrived = new Map<string, Promise<Story>>();

  async function begin(step: Step): Promise<Story> {
    const shop = await openShop(world);
    const { orderId, transfers } = await completedOrder(world, shop.buyer, shop.productIds);
    const headers = { 'idempotency-key': uuidv7() };
    const story: Story = {
      world,
      stops,
      shop,
      orderId,
      stripeTransferId: transfers[0]!.stripeTransferId!,
      ask: () => world.post(shop.buyer, `/marketplace/orders/${orderId}/refund`, {}, headers),
      holdWebhook: () =>
        void world.psp.control.addFault({
          kind: 'holdWebhook',
          match: 'refund_succeeded',
          where: { payment_id: orderId },
        }),
      onCreate: async (kind) => {
        world.psp.control.addFault({ kind, match: 'refunds.create', where: { payment_id: orderId } });
        await world.psp.control.waitForRequest(
          ({ operation, body, outcome }) =>
            operation === 'refunds.create' &&
            outcome === 'never_answered' &&
            (body as { payment_id?: string }).payment_id === orderId,
        );
      },
    };
    await step(story);
    return story;
  }

  beforeAll(async () => {
    world = await World.create({ worker: false });
    stops = await installStops(world);
    await world.startWorkerProcess();
    for (const [name, step] of Object.entries({ ...STEPS, ...REFUSED_STEPS })) arrived.set(name, begin(step));
    await Promise.allSettled(arrived.values());
    // All of them stand still. One death for all: each story is another order, of other people.
    await world.killWorkerProcess();
    await stops.settleAll();
    await world.psp.control.release();
    await world.startWorkerProcess();
  }, 120_000);
  afterAll(async () => {
    await stops.close();
    await world.close();
  });

  /** The one refund of a story, ended; found the way its client finds it: by asking again. */
  async function ended({ shop, orderId, ask }: Story, status: string) {
    const answer = await ask();
    expect(answer.status, JSON.stringify(answer.body)).toBe(202);
    const refundId: string = answer.body['refund']!['id']!;
    expect(await world.finished(`refund/${refundId}`)).toMatchObject({ status });
    for (const reversal of await world.reversalsOf(refundId)) await world.finished(`reversal/${reversal.id}`);
    expect(await refundsOf(world, orderId)).toMatchObject([{ id: refundId, status }]);
    expect((await ask()).body).toEqual(answer.body);
    expect(await flagsOf(world, `refund/${refundId}`)).toEqual([]);
    const shown = await world.get(shop.buyer, `/marketplace/refunds/${refundId}`);
    expect(shown.body['refund']).toMatchObject({ id: refundId, status });
    return refundId;
  }

  it.each(Object.keys(STEPS))('%s', { timeout: 90_000 }, async (name) => {
    const story = await arrived.get(name)!;
    const { orderId, stripeTransferId } = story;
    const refundId = await ended(story, 'succeeded');
    // One refund, one settlement, one reversal: here, at the PSP and at Stripe.
    expect(world.psp.control.refunds(orderId)).toMatchObject([
      { refund_id: refundId, amount: PRICE_MINOR, status: 'succeeded' },
    ]);
    expect(await world.order(orderId)).toMatchObject({ status: 'refunded', refundedMinor: PRICE_MINOR });
    expect((await world.refund(refundId)).hyperswitchRefundId).toBe(refundId);
    for (const license of await licensesOf(world, orderId)) expect(license.revokedAt).not.toBeNull();
    const reversals = await world.reversalsOf(refundId);
    expect(reversals.map((reversal) => reversal.status)).toEqual(['reversed']);
    expect(world.stripe.control.reversals(stripeTransferId).map(({ id }) => id)).toEqual([
      reversals[0]!.stripeReversalId,
    ]);
    expect(await postings(world, orderId, 'refund_succeeded')).toBe(1);
    expect(await postings(world, orderId, 'reversal_done')).toBe(1);
    await delivered(world, refundId, 'refund_succeeded');
    await expectCleanBooks(world);
  });

  it.each(Object.keys(REFUSED_STEPS))('%s', { timeout: 90_000 }, async (name) => {
    const story = await arrived.get(name)!;
    const { orderId } = story;
    const refundId = await ended(story, 'failed');
    expect(await world.refund(refundId)).toMatchObject({ errorMessage: 'No.' });
    expect(await world.order(orderId)).toMatchObject({ status: 'completed', refundedMinor: 0 });
    expect(world.psp.control.refunds(orderId)).toEqual([]);
    expect(await postings(world, orderId, 'refund_succeeded')).toBe(0);
    for (const license of await licensesOf(world, orderId)) expect(license.revokedAt).toBeNull();
    await expectCleanBooks(world);
  });
});
