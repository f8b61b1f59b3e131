import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { platformSettings } from '../../db/kernel/schema.ts';
import { readPlatformSetting, writePlatformSetting } from '../../db/kernel/platform-setting.ts';
import { tellStripeMode } from '../../db/webhooks/tell-stripe-mode.ts';
import { createSweepInbox } from '../../inbox/redrive.ts';
import { createLogger } from '../../log.ts';
import { modeOfKey } from '../../providers/stripe/mode.ts';
import { expectCleanBooks, postings } from '../harness/books.ts';
import { openFlags, pictureOf } from '../harness/read.ts';
import { openShop } from '../harness/shop.ts';
import { completedOrder } from '../harness/stories.ts';
import { World } from '../harness/world.ts';
import { deliver, newEventId, stored, taken } from './support.ts';

let world: World;
beforeAll(async () => {
  world = await World.create();
});
afterAll(() => world.close());

const eventOf = (type: string, object: object, id = newEventId()) => ({
  id,
  object: 'event',
  type,
  created: Math.floor(Date.now() / 1000),
  data: { object },
});

async function sentTransfer() {
  const shop = await openShop(world);
  const { orderId, transfers } = await completedOrder(world, shop.buyer, shop.productIds);
  const { id: transferId, stripeTransferId } = transfers[0]!;
  return { orderId, transferId, stripeTransferId: stripeTransferId! };
}

it('transfer.created of ours: known from Stripe’s answer, nothing changes', async () => {
  const { orderId, stripeTransferId } = await sentTransfer();
  const before = await pictureOf(world, orderId);
  for (const type of ['transfer.created', 'transfer.updated', 'transfer.reversed']) {
    await taken(world, 'stripe', eventOf(type, world.stripe.control.transfer(stripeTransferId)), 'ignored');
  }
  expect(await pictureOf(world, orderId)).toEqual(before);
});

it('transfer.reversed in the dashboard, a hundred times at once: booked once, and shown to ops', async () => {
  const { orderId, transferId, stripeTransferId } = await sentTransfer();
  world.stripe.control.addFault({ kind: 'loseWebhook', match: 'transfer.reversed' });
  world.stripe.control.reverseInDashboard(stripeTransferId, 1_000);
  const event = eventOf('transfer.reversed', world.stripe.control.transfer(stripeTransferId));
  const answers = await Promise.all(Array.from({ length: 100 }, () => deliver(world, 'stripe', event)));
  expect(new Set(answers.map((answer) => answer.status))).toEqual(new Set([200]));
  await world.finished(`transfer/${transferId}`);
  expect(await postings(world, orderId, 'outside_reversal')).toBe(1);
  expect((await world.transfersOf(orderId))[0]).toMatchObject({ status: 'completed', reversedMinor: 1_000 });
  expect(await openFlags(world, 'outside_reversal', `transfer/${transferId}`)).toHaveLength(1);
  await taken(
    world,
    'stripe',
    eventOf('transfer.reversed', world.stripe.control.transfer(stripeTransferId)),
    'ignored',
  );
  await expectCleanBooks(world);
});

it('transfer.reversed where no workflow runs any more, whose history is gone', async () => {
  const { orderId, transferId, stripeTransferId } = await sentTransfer();
  await world.temporal.workflowService.deleteWorkflowExecution({
    namespace: world.config.TEMPORAL_NAMESPACE,
    workflowExecution: { workflowId: `transfer/${transferId}` },
  });
  const { id } = world.stripe.control.reverseInDashboard(stripeTransferId);
  await world.stripe.control.waitForDelivery(
    (delivery) => delivery.objectId === stripeTransferId && delivery.body.includes(id),
  );
  await world.finished(`transfer/${transferId}`);
  expect((await world.transfersOf(orderId))[0]).toMatchObject({ status: 'reversed', reversedMinor: 9_000 });
  await expectCleanBooks(world);
});

it('unknown id: 200, stored as unmatched', async () => {
  const { stripeTransferId } = await sentTransfer();
  const foreign = { ...world.stripe.control.transfer(stripeTransferId), id: 'tr_foreign', metadata: {} };
  const event = eventOf('transfer.reversed', foreign);
  await taken(world, 'stripe', event, 'unmatched');
  expect(await stored(world, 'stripe', event.id)).toMatchObject({ outcome: 'unmatched' });
  await taken(world, 'stripe', event, 'unmatched');
});

it('account.updated of an account that nobody has: stored, unmatched', async () => {
  const account = { object: 'account', id: 'acct_x', charges_enabled: true };
  await taken(world, 'stripe', eventOf('account.updated', account), 'unmatched');
});

it('types of no interest: stored and ignored', async () => {
  const event = eventOf('charge.refunded', { id: 'ch_x' });
  await taken(world, 'stripe', event, 'ignored');
  expect(await stored(world, 'stripe', event.id)).toMatchObject({ type: 'charge.refunded' });
});

it('a payout that we did not make: kept for a person, once, however often it comes', async () => {
  const payout = { object: 'payout', id: 'po_x', amount: 100, currency: 'usd', status: 'paid', metadata: {} };
  const event = { ...eventOf('payout.paid', payout), account: 'acct_x' };
  await taken(world, 'stripe', event, 'unhandled');
  await taken(world, 'stripe', event, 'unhandled');
  expect(await openFlags(world, 'outside_payout', 'po_x')).toHaveLength(1);
});

it("a payout of the platform's own, which names no account: stored, and no flag is raised", async () => {
  const payout = { object: 'payout', id: 'po_own', amount: 100, currency: 'usd', status: 'paid' };
  await taken(world, 'stripe', eventOf('payout.paid', payout), 'ignored');
  expect(await openFlags(world, 'outside_payout', 'po_own')).toEqual([]);
});

describe('an event of the other mode than our key', () => {
  const OTHERS = [
    ['live, and our key is of test mode', 'test', true],
    ['test, and our key is of live mode', 'live', false],
  ] as const;

  it.each(OTHERS)('%s: changes nothing, and is listed', async (_case, ours, livemode) => {
    const { orderId, transferId, stripeTransferId } = await sentTransfer();
    const { admin } = await openShop(world);
    await writePlatformSetting(world.database.db, 'stripe_mode', ours);
    world.stripe.control.addFault({ kind: 'loseWebhook', match: 'transfer.reversed' });
    world.stripe.control.reverseInDashboard(stripeTransferId, 1_000);
    const before = await pictureOf(world, orderId);
    const event = {
      ...eventOf('transfer.reversed', world.stripe.control.transfer(stripeTransferId)),
      livemode,
    };
    await taken(world, 'stripe', event, 'other_mode');
    await taken(world, 'stripe', event, 'other_mode');
    const payout = { object: 'payout', id: 'po_of_the_other', amount: 1, currency: 'usd', status: 'paid' };
    const foreign = { ...eventOf('payout.paid', payout), account: 'acct_x', livemode };
    await taken(world, 'stripe', foreign, 'other_mode');
    expect(await openFlags(world, 'outside_payout', 'po_of_the_other')).toEqual([]);
    expect(await pictureOf(world, orderId)).toEqual(before);
    const page = await world.get(admin, '/admin/webhooks?outcome=other_mode&limit=50');
    const listed = page.body['data']!.find((row) => row['event_id'] === event.id);
    expect(listed).toMatchObject({ outcome: 'other_mode', error: expect.stringContaining('mode') });
    // Replayed it is still the other mode's.
    const id = (await stored(world, 'stripe', event.id))!.id;
    const replayed = await world.post(admin, `/admin/webhooks/${id}/replay`, { reason: 'to see it again' });
    expect(replayed.status, JSON.stringify(replayed.body)).toBe(200);
    expect(await stored(world, 'stripe', event.id)).toMatchObject({ outcome: 'other_mode' });
    // The same, of our mode, counts.
    const ofOurs = { ...event, id: newEventId(), livemode: !livemode };
    await taken(world, 'stripe', ofOurs, 'signalled');
    await world.finished(`transfer/${transferId}`);
    expect(await postings(world, orderId, 'outside_reversal')).toBe(1);
    await writePlatformSetting(world.database.db, 'stripe_mode', 'test');
  });

  const accountUpdated = (livemode: boolean | undefined) => ({
    ...eventOf('account.updated', { object: 'account', id: 'acct_x', charges_enabled: true }),
    ...(livemode !== undefined && { livemode }),
  });
  const isStored = async (event: { id: string }) => (await stored(world, 'stripe', event.id))!;

  it.each([
    ['before any worker has said of which mode our key is', null],
    ['while our key does not say of which mode it is', 'unknown'],
  ])('%s: kept and not handed on, until it is known', async (_case, ours) => {
    const { db } = world.database;
    if (ours === null) await db.delete(platformSettings).where(eq(platformSettings.key, 'stripe_mode'));
    else await writePlatformSetting(db, 'stripe_mode', ours);
    const [ofOurs, ofTheOther] = [accountUpdated(false), accountUpdated(true)];
    for (const event of [ofOurs, ofTheOther]) {
      const answer = await deliver(world, 'stripe', event);
      expect([answer.status, answer.body['code']]).toEqual([503, 'engine_unavailable']);
      expect(await isStored(event)).toMatchObject({ outcome: 'received', processedAt: null });
    }
    // One that names no mode is of every mode.
    await taken(world, 'stripe', accountUpdated(undefined), 'unmatched');
    await tellStripeMode(db, 'test');
    // By the sweep, or by Stripe's own repeat.
    const inbox = createSweepInbox({ db, engine: world.engine, log: createLogger('silent') });
    await inbox.redrive((await isStored(ofOurs)).id);
    await taken(world, 'stripe', ofTheOther, 'other_mode');
    expect(await isStored(ofOurs)).toMatchObject({ outcome: 'unmatched' });
    expect(await isStored(ofTheOther)).toMatchObject({ outcome: 'other_mode' });
  });

  it('from test to live: what was held against the old mode is handed on once a worker has the new key', async () => {
    const { db } = world.database;
    const event = accountUpdated(true);
    await taken(world, 'stripe', event, 'other_mode');
    await tellStripeMode(db, 'test');
    expect(await isStored(event)).toMatchObject({ outcome: 'other_mode' });
    await tellStripeMode(db, 'live');
    expect(await isStored(event)).toMatchObject({ outcome: 'received', processedAt: null, error: null });
    const inbox = createSweepInbox({ db, engine: world.engine, log: createLogger('silent') });
    await inbox.redrive((await isStored(event)).id);
    expect(await isStored(event)).toMatchObject({ outcome: 'unmatched' });
    await tellStripeMode(db, 'test');
  });

  it('the worker has written down of which mode its key is', async () => {
    expect(await readPlatformSetting(world.database.db, 'stripe_mode')).toBe('test');
    expect(['sk_test_1', 'rk_test_1', 'sk_live_1', 'rk_live_1', 'sk_1'].map(modeOfKey)).toEqual([
      'test',
      'test',
      'live',
      'live',
      null,
    ]);
  });
});
