import { afterAll, beforeAll, expect, it } from 'vitest';
import { expectCleanBooks, postings } from '../harness/books.ts';
import { openFlags } from '../harness/look.ts';
import { pictureOf } from '../harness/rows.ts';
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
  const event = eventOf('payout.paid', payout);
  await taken(world, 'stripe', event, 'unhandled');
  await taken(world, 'stripe', event, 'unhandled');
  expect(await openFlags(world, 'outside_payout', 'po_x')).toHaveLength(1);
});
