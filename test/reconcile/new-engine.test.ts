import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import {
  orderWorkflowId,
  refundWorkflowId,
  reversalWorkflowId,
  transferWorkflowId,
} from '../../domain/marketplace/ids.ts';
import { connectNow } from '../../engine/connect.ts';
import { subscribeToFree } from '../../db/subscriptions/subscribe-free.ts';
import { keepNamespaceId } from '../../ops/known-namespace.ts';
import { setUpTemporal } from '../../ops/temporal-setup.ts';
import { type EmbeddedTemporal, startTemporal } from '../../stack/temporal.ts';
import { TEST_CARDS } from '../../stand-ins/hyperswitch/index.ts';
import { expectAgreement } from '../harness/agreement.ts';
import { keysOf, onlyReversal, onlyTransfer, sentTo, transferRow } from '../harness/read.ts';
import { adopted, attempted, eventually, failedAttempts, until } from '../harness/wait.ts';
import { openedPayout, payoutIs, payoutRow } from '../harness/payouts.ts';
import { uniqueName } from '../harness/services.ts';
import { makePerson, openShop, type Seller } from '../harness/shop.ts';
import { completedOrder, openedRefund, paidOrder, placedOrder } from '../harness/stories.ts';
import { onReversalsOf, onTransfersTo } from '../harness/trouble.ts';
import { type Person, World } from '../harness/world.ts';
import { DAY_MS, subscriptionsOf } from '../subscriptions/story.ts';
import { TERMS } from '../subscriptions/verbs.ts';
import { sweep } from './support.ts';

// Temporal is lost with all it had: another server, with nothing in it, takes its place at the same address.

let engine: EmbeddedTemporal;
let world: World;
beforeAll(async () => {
  engine = await startEngine();
  world = await World.create({
    env: {
      TEMPORAL_ADDRESS: engine.address,
      // Nobody asks a second time before the engine is gone.
      PSP_RETRY_BASE: '20s',
      PSP_RETRY_MAX: '20s',
      TRANSFER_RETRY_BACKOFF_BASE: '20s',
      TRANSFER_RETRY_BACKOFF_MAX: '20s',
      REVERSAL_BACKOFF_BASE: '20s',
      REVERSAL_BACKOFF_MAX: '20s',
    },
  });
  expect(await setUp()).toBe('known');
}, 120_000);
afterAll(async () => {
  await world.close();
  await engine.stop();
});

const startEngine = (port?: number) =>
  startTemporal({
    logFile: join(inject('scratchDir'), `${uniqueName('temporal')}.log`),
    uiPort: false,
    ...(port !== undefined && { port }),
  });

/** `npm run temporal:setup`. */
async function setUp(): Promise<'known' | 'rebuilt'> {
  const connection = await connectNow({ TEMPORAL_ADDRESS: engine.address });
  try {
    await setUpTemporal(connection, engine.namespace);
    return await keepNamespaceId(world.database.db, connection, engine.namespace);
  } finally {
    await connection.close();
  }
}

async function replaceEngine(): Promise<void> {
  await world.stopWorker();
  await engine.stop();
  const address = engine.address;
  engine = await startEngine(Number(address.split(':')[1]));
  expect(engine.address).toBe(address);
  expect(await setUp()).toBe('rebuilt');
  await world.startWorker();
}

/** Of everything that is open, by the id of its workflow. */
async function openWork(): Promise<Record<string, string>> {
  const rows = await world.database.sql<{ id: string; status: string }[]>`
    SELECT 'order/' || id AS id, status FROM orders WHERE status = 'pending'
    UNION ALL SELECT 'refund/' || id, status FROM refunds WHERE status = 'pending'
    UNION ALL SELECT 'transfer/' || id, status FROM seller_transfers WHERE status IN ('pending', 'failed')
    UNION ALL SELECT 'reversal/' || id, status FROM transfer_reversals WHERE status = 'pending'
    UNION ALL SELECT 'payout/' || id, status FROM seller_payouts WHERE status = 'pending'`;
  return Object.fromEntries(rows.map(({ id, status }) => [id, status]));
}

it('start on an empty Temporal with a full database: everything open goes on, nothing is failed or paid twice', async () => {
  const { psp, stripe } = world;
  psp.control.setRefundMode('manual');
  stripe.control.setPayoutMode('manual');

  const shop = await openShop(world);
  const unpaid = await placedOrder(world, shop.buyer, shop.productIds);

  /** The call never arrives, or arrives and its answer is lost. */
  const unanswered = async (kind: 'dropBefore' | 'dropAfter') => {
    const { orderId } = await completedOrder(world, shop.buyer, shop.productIds);
    psp.control.addFault({ kind, match: 'refunds.create', where: { payment_id: orderId } });
    psp.control.addFault({ kind: 'status', status: 503, match: 'refunds.retrieve' });
    const refundId = await openedRefund(world, shop.buyer, orderId);
    await attempted(world, refundWorkflowId(refundId), 2);
    return refundId;
  };
  const asked = await unanswered('dropBefore');
  const acted = await unanswered('dropAfter');
  const { orderId: waitingOrder } = await completedOrder(world, shop.buyer, shop.productIds);
  const accepted = await openedRefund(world, shop.buyer, waitingOrder);
  await adopted(world, accepted);

  // Stripe has made the transfer, or taken it back, and its answer was lost; a look-up of it fails, too.
  const silent = async (seller: Seller, orderId: string) => {
    const transfer = await onlyTransfer(world, orderId);
    await until(
      () => transferRow(world, transfer.id),
      (row) => row.retryCount === 1,
    );
    expect(sentTo(world, seller.accountId)).toHaveLength(1);
    return transfer.id;
  };
  const other = await openShop(world);
  onTransfersTo(world, other.seller.accountId, { kind: 'dropAfter' });
  stripe.control.addFault({ kind: 'status', status: 503, match: 'transfers.list' });
  const sending = await silent(other.seller, await paidOrder(world, other.buyer, other.productIds));

  const third = await openShop(world);
  const sold = await completedOrder(world, third.buyer, third.productIds);
  const stripeTransferId = sold.transfers[0]!.stripeTransferId!;
  onReversalsOf(world, stripeTransferId, { kind: 'dropAfter' });
  stripe.control.addFault({ kind: 'status', status: 503, match: 'transfers.listReversals' });
  const back = await openedRefund(world, third.buyer, sold.orderId);
  await adopted(world, back);
  psp.control.settleRefund(back, 'succeeded');
  await world.finished(refundWorkflowId(back));
  const reversal = await onlyReversal(world, back);
  await failedAttempts(world, reversal.id, 1);

  const fourth = await openShop(world);
  await completedOrder(world, fourth.buyer, fourth.productIds);
  const payout = await openedPayout(world, fourth.seller);
  await payoutIs(world, payout, ({ externalPayoutId }) => externalPayoutId !== null);

  const open = await openWork();
  expect(Object.keys(open).toSorted()).toEqual(
    [
      orderWorkflowId(unpaid),
      ...[asked, acted, accepted].map(refundWorkflowId),
      transferWorkflowId(sending),
      reversalWorkflowId(reversal.id),
      `payout/${payout}`,
    ].toSorted(),
  );
  await replaceEngine();
  for (const workflowId of Object.keys(open)) expect(await world.engine.isRunning(workflowId)).toBe(false);

  const swept = await sweep(world, shop);
  expect(swept.engine_rebuilt).toBe(true);
  expect(swept.report.lost_work).toMatchObject({ seen: 7, synced: 7, why: { restarted: 7 } });
  for (const phase of Object.values(swept.report)) expect(phase.failed).toBe(0);

  // Now the providers speak.
  psp.control.pay(unpaid);
  for (const refundId of [asked, acted, accepted]) {
    await adopted(world, refundId);
    psp.control.settleRefund(refundId, 'succeeded');
  }
  const { externalPayoutId } = await payoutRow(world, payout);
  stripe.control.settlePayout(externalPayoutId!, 'paid');
  await eventually(async () => expect(await openWork()).toEqual({}), 90_000);

  expect((await world.order(unpaid)).status).toBe('completed');
  for (const refundId of [asked, acted, accepted, back]) {
    expect((await world.refund(refundId)).status).toBe('succeeded');
  }
  expect((await transferRow(world, sending)).status).toBe('completed');
  expect((await onlyReversal(world, back)).status).toBe('reversed');
  expect((await payoutRow(world, payout)).status).toBe('paid');
  expect(await failed()).toBe(0);

  // Nothing was paid twice: one object each at the providers, one key each in all calls for it.
  for (const refundId of [asked, acted, accepted]) {
    const { orderId } = await world.refund(refundId);
    expect(psp.control.refunds(orderId)).toMatchObject([{ refund_id: refundId, status: 'succeeded' }]);
  }
  expect(sentTo(world, other.seller.accountId)).toHaveLength(1);
  expect(stripe.control.reversals(stripeTransferId)).toHaveLength(1);
  const reversing = stripe.control
    .requests('transfers.createReversal')
    .filter(({ params }) => params['id'] === stripeTransferId);
  expect(new Set(keysOf(reversing)).size).toBe(1);
  expect(stripe.control.requests('payouts.create')).toHaveLength(1);
  expect(
    psp.control.requests('payments.create').filter(({ body }) => JSON.stringify(body).includes(unpaid)),
  ).toHaveLength(1);
  await expectAgreement(world);
}, 300_000);

it('Engine rebuilt from nothing with subscriptions in every status: all live ones go on, and none is charged twice', async () => {
  const of = subscriptionsOf(world);
  const { psp, engine: calls } = world;
  const { sql } = world.database;
  const shop = await openShop(world);
  const charged = { kind: 'chargeOutcome', outcome: 'processing' } as const;
  const lastOf = async (id: string) => (await of.attemptsOf(id)).at(-1)!;

  const unpaid = await of.subscribed(await makePerson(world, 'user'));
  const onTrial = async () => {
    const person = await makePerson(world, 'user');
    const { done } = await of.subscribed(person, { planId: 'premium', trial: true });
    return { person, id: done.subscriptionId };
  };
  const bare = await onTrial();
  const trial = await onTrial();
  const setup = await of.ask(trial.id, { do: 'payment_method' });
  psp.control.pay('done' in setup ? setup.done.setupId! : '');
  await until(
    () => of.row(trial.id),
    ({ paymentMethodId }) => paymentMethodId !== null,
  );
  const active = await of.active();
  const canceling = await of.active();
  await of.ask(canceling.id, { do: 'cancel' });
  const pastDue = await of.active({ card: TEST_CARDS.declinesLater });
  await of.passPeriod(pastDue.id);
  await of.became(pastDue.id, 'past_due');
  const changing = await of.active();
  of.onCharges(changing.person, charged);
  await of.ask(changing.id, { do: 'change', planId: 'premium' });
  await of.lastAttempt(changing.id, ({ providerStatus }) => providerStatus === 'processing');
  const renewing = await of.active();
  of.onCharges(renewing.person, charged);
  await of.passPeriod(renewing.id);
  await of.lastAttempt(renewing.id, ({ providerStatus }) => providerStatus === 'processing');
  // Its renewal was charged, and neither the answer nor the webhook arrived.
  const unheard = await of.active();
  of.onCharges(unheard.person, { kind: 'dropAfter' });
  const where = { customer_id: unheard.person.id };
  psp.control.addFault({ kind: 'loseWebhook', match: 'payment_succeeded', where });
  await of.passPeriod(unheard.id);
  const paymentsOf = ({ id }: Person) => psp.control.payments().filter((one) => one.customer_id === id);
  await until(
    async () => paymentsOf(unheard.person),
    (payments) => payments.length === 2,
  );
  const ended = await of.subscribed(await makePerson(world, 'user'));
  await of.ask(ended.done.subscriptionId, { do: 'cancel' });
  await of.became(ended.done.subscriptionId, 'canceled');
  const onFree = await makePerson(world, 'user');
  await world.database.db.transaction((tx) =>
    subscribeToFree(tx, { userId: onFree.id, planId: 'free' }, TERMS),
  );

  const live = await sql<{ id: string; status: string }[]>`
    SELECT one.id, one.status FROM subscriptions AS one JOIN plan_prices AS price ON price.id = one.price_id
    WHERE one.status NOT IN ('expired', 'canceled') AND price.plan_id <> 'free'`;
  const statuses = ['active', 'canceling', 'past_due', 'pending_payment', 'trialing'];
  expect([...new Set(live.map(({ status }) => status))].toSorted()).toEqual(statuses);
  await replaceEngine();
  const isRunning = ({ id }: { readonly id: string }) => calls.isRunning(`subscription/${id}`);
  for (const one of live) expect(await isRunning(one)).toBe(false);
  const swept = await sweep(world, shop, 'overdue_subscriptions');
  expect(swept.report.overdue_subscriptions).toMatchObject({ seen: live.length, synced: live.length });
  for (const one of live) expect(await isRunning(one), one.status).toBe(true);
  expect(await isRunning({ id: ended.done.subscriptionId })).toBe(false);
  expect(await isRunning(await of.ofPerson(onFree))).toBe(false);

  // Now time passes, and the PSP and the buyers speak.
  psp.control.pay(unpaid.done.attemptId!);
  await of.became(unpaid.done.subscriptionId, 'active');
  psp.control.settleCharge((await lastOf(renewing.id)).id);
  await of.paid(renewing.id, 2);
  psp.control.settleCharge((await lastOf(changing.id)).id);
  await of.paid(changing.id, 2);
  expect((await of.row(changing.id)).priceId).toBe((await of.priceOf('premium', 'monthly')).id);
  await calls.retrySubscription(await of.label(unheard.id));
  await of.paid(unheard.id, 2);
  const { paymentMethodId } = await of.row(pastDue.id);
  psp.control.setMethod(await of.providerCard(paymentMethodId!), { charges: 'succeed' });
  await of.pass(pastDue.id, DAY_MS);
  await of.became(pastDue.id, 'active');
  await of.passPeriod(active.id);
  await of.paid(active.id, 2);
  await of.passPeriod(canceling.id, 1);
  await of.became(canceling.id, 'canceled');
  await of.pass(trial.id, 14 * DAY_MS);
  await of.became(trial.id, 'active');
  await of.pass(bare.id, 14 * DAY_MS);
  await of.became(bare.id, 'expired');

  const chargesOf = (person: Person) => paymentsOf(person).filter((one) => one.off_session === true).length;
  for (const { person } of [trial, active, renewing, changing, unheard]) expect(chargesOf(person)).toBe(1);
  for (const { person } of [bare, canceling]) expect(chargesOf(person)).toBe(0);
  expect(chargesOf(pastDue.person)).toBe(2);
  await expectAgreement(world);
}, 300_000);

async function failed(): Promise<number> {
  const [row] = await world.database.sql<{ count: number }[]>`
    SELECT (SELECT count(*) FROM orders WHERE status = 'failed')::int
      + (SELECT count(*) FROM refunds WHERE status = 'failed')::int
      + (SELECT count(*) FROM seller_transfers WHERE status = 'permanently_failed')::int
      + (SELECT count(*) FROM transfer_reversals WHERE status = 'permanently_failed')::int
      + (SELECT count(*) FROM seller_payouts WHERE status = 'failed')::int AS count`;
  return row?.count ?? -1;
}
