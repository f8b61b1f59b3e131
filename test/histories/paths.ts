import { v7 as uuidv7 } from 'uuid';
import { keepAsk } from '../../db/kernel/keep-ask.ts';
import { loadSettlementFile } from '../../ops/settlements/load.ts';
import { legacyTransfer, sentBefore } from '../marketplace/legacy.ts';
import { onlyReversal, onlyTransfer, refundsOf, statusShown, transferRow } from '../harness/read.ts';
import { adopted, attempted, failedAttempts, until } from '../harness/wait.ts';
import { earnedShop, openedPayout, payoutIs } from '../harness/payouts.ts';
import { refundedOrder, reversedUnseen, soldOrder } from '../harness/refunded.ts';
import { connect, openShop, PRICE_MINOR } from '../harness/shop.ts';
import { openedRefund, paidOrder, placedOrder, signal } from '../harness/stories.ts';
import { onTransfersTo, STRIPE_IS_DOWN } from '../harness/trouble.ts';
import type { World } from '../harness/world.ts';
import type { Played } from './played.ts';
import { EXPORT_PATHS } from './export-paths.ts';
import { DELETION_PATHS } from './deletion-paths.ts';
import { MAIL_PATHS } from './mail-paths.ts';
import { SUBSCRIPTION_PATHS } from './subscription-paths.ts';
import { UPKEEP_PATHS } from './upkeep-paths.ts';
import { exportLine, exportOf, makeFiles, stripeId } from '../settlements/support.ts';

/** What a buyer types into the form. Nobody who reads histories may learn it. */
export const REASON = 'My sister Erika Mustermann is ill, call me at 030-1234567';

/**
 * Every path that a workflow of ours can take, by name: each is played on the real engine, its history is recorded as
 * `<name>.json`, and every later version of the code must be able to replay it.
 */
export const PATHS: Readonly<Record<string, (world: World) => Promise<Played>>> = {
  'order-open': async (world) => {
    const { orderId } = await placed(world);
    return { workflowId: `order/${orderId}`, open: async () => world.psp.control.pay(orderId) };
  },
  'order-completed': async (world) => {
    const { orderId } = await placed(world);
    world.psp.control.pay(orderId);
    await world.finished(`order/${orderId}`);
    for (const transfer of await world.transfersOf(orderId)) await world.finished(`transfer/${transfer.id}`);
    return { workflowId: `order/${orderId}` };
  },
  'order-payment-failed': async (world) => {
    const { orderId } = await placed(world);
    world.psp.control.fail(orderId);
    return ended(world, `order/${orderId}`);
  },
  /** Recorded before payments were cancelled at the PSP. */
  'order-expired': async (world) => expired(world),
  'order-paid-with-another-card': async (world) => {
    const { orderId } = await placed(world);
    world.psp.control.fail(orderId, 'Your card was declined.', { mayRetry: true });
    await world.psp.control.waitForRequest(
      ({ operation, params, outcome }) =>
        operation === 'payments.retrieve' && params['id'] === orderId && outcome === 'answered',
    );
    world.psp.control.pay(orderId);
    await world.finished(`order/${orderId}`);
    for (const transfer of await world.transfersOf(orderId)) await world.finished(`transfer/${transfer.id}`);
    return { workflowId: `order/${orderId}` };
  },
  'order-cancelled-when-expired': async (world) => expired(world),
  'order-refused': async (world) => {
    const { shop, orderId } = await placed(world);
    const refusedId = `${orderId.slice(0, -1)}${orderId.endsWith('0') ? '1' : '0'}`;
    const ask = { kind: 'order', buyerId: shop.buyer.id, productIds: [refusedId] } as const;
    await keepAsk(world.database.db, refusedId, ask);
    await world.engine.placeOrder({ orderId: refusedId }, { amountMinor: 1, currency: 'USD' });
    return ended(world, `order/${refusedId}`);
  },
  'order-given-back': async (world) => {
    const { orderId } = await placed(world);
    world.psp.control.pay(orderId, { amountReceivedMinor: 9_999 });
    await world.finished(`order/${orderId}`);
    for (const refund of await refundsOf(world, orderId)) await world.finished(`refund/${refund.id}`);
    return { workflowId: `order/${orderId}` };
  },
  'order-refunded-outside': async (world) => {
    const { orderId } = await soldOrder(world);
    world.psp.control.createExternalRefund(orderId, 4_000);
    await world.psp.control.idle();
    await world.finished(`order/${orderId}`);
    await reversalsEnd(world, orderId);
    return { workflowId: `order/${orderId}` };
  },
  'order-disputed': async (world) => {
    const { orderId } = await soldOrder(world);
    world.psp.control.openDispute(orderId);
    await world.psp.control.idle();
    return ended(world, `order/${orderId}`);
  },

  'refund-open': async (world) => {
    const { refundId } = await asked(world);
    await adopted(world, refundId);
    const workflowId = `refund/${refundId}`;
    return { workflowId, open: async () => settle(world, refundId, 'succeeded') };
  },
  'refund-happy': async (world) => {
    const { refundId } = await asked(world);
    await settle(world, refundId, 'succeeded');
    return { workflowId: `refund/${refundId}` };
  },
  'refund-partial': async (world) => {
    const { refundId } = await asked(world, { amount: 1_250, reason: REASON });
    await settle(world, refundId, 'succeeded');
    return { workflowId: `refund/${refundId}` };
  },
  /** Recorded after the first attempt of a reversal had become a part of this workflow. */
  'refund-takes-back': async (world) => {
    const { refundId } = await asked(world);
    await settle(world, refundId, 'succeeded');
    return { workflowId: `refund/${refundId}` };
  },
  'refund-hands-over': async (world) => {
    const { refundId, workflowId } = await refundedOrder(world, {
      troubles: [{ kind: 'status', status: 503 }],
    });
    await world.finished(workflowId);
    return { workflowId: `refund/${refundId}` };
  },
  'refund-settled-after-waiting': async (world) => {
    const { refundId } = await asked(world);
    await adopted(world, refundId);
    await world.engine.markRefundWaiting(refundId, { attempt: 2, lastError: 'HTTP 503' });
    await until(
      () => statusShown(world, `refund/${refundId}`),
      (status) => status === 'waiting_for_psp',
    );
    await settle(world, refundId, 'succeeded');
    return { workflowId: `refund/${refundId}` };
  },
  'refund-failed': async (world) => {
    const { refundId } = await asked(world);
    await settle(world, refundId, 'failed');
    return { workflowId: `refund/${refundId}` };
  },
  'refund-refused-by-psp': async (world) => {
    world.psp.control.addFault({ kind: 'refundOutcome', outcome: 'refused', code: 'IR_06', message: 'No.' });
    const { refundId } = await asked(world);
    return ended(world, `refund/${refundId}`);
  },
  'refund-refused': async (world) => {
    // Refused under the lock: the order has one open already.
    const { shop, orderId, refundId } = await asked(world);
    const secondId = `${refundId.slice(0, -1)}${refundId.endsWith('0') ? '1' : '0'}`;
    const caller = { userId: shop.buyer.id, role: shop.buyer.role };
    const label = { purchase: { kind: 'order', id: orderId }, amountMinor: 1, currency: 'USD' } as const;
    await keepAsk(world.database.db, secondId, { kind: 'refund', orderId, caller });
    await world.engine.requestRefund({ refundId: secondId }, label);
    await settle(world, refundId, 'succeeded');
    return ended(world, `refund/${secondId}`);
  },
  'refund-given-up': async (world) => {
    const fault = world.psp.control.addFault({
      kind: 'dropBefore',
      match: 'refunds.create',
      times: 'always',
    });
    const { orderId, refundId } = await asked(world);
    await attempted(world, `refund/${refundId}`, 2);
    await world.engine.endRefundAsking(refundId, {
      purchase: { kind: 'order', id: orderId },
      amountMinor: 1,
      currency: 'USD',
    });
    world.psp.control.clearFaults(fault);
    return ended(world, `refund/${refundId}`);
  },
  'refund-waiting-for-psp': async (world) => {
    const fault = world.psp.control.addFault({
      kind: 'status',
      status: 503,
      match: /refunds/,
      times: 'always',
    });
    const { refundId } = await asked(world);
    const workflowId = `refund/${refundId}`;
    await attempted(world, workflowId, 2);
    await world.engine.markRefundWaiting(refundId, { attempt: 2, lastError: 'HTTP 503' });
    await until(
      () => statusShown(world, workflowId),
      (status) => status === 'waiting_for_psp',
    );
    world.psp.control.clearFaults(fault);
    await adopted(world, refundId);
    await settle(world, refundId, 'succeeded');
    return { workflowId };
  },

  'transfer-sent': async (world) => {
    const { transfer } = await soldOrder(world);
    return { workflowId: `transfer/${transfer.id}` };
  },
  'transfer-retried': async (world) => {
    const shop = await openShop(world);
    onTransfersTo(world, shop.seller.accountId, { kind: 'status', status: 503, times: 2 });
    const { transfer } = await soldOrder(world, shop);
    return { workflowId: `transfer/${transfer.id}` };
  },
  'transfer-exhausted': async (world) => {
    const shop = await openShop(world);
    onTransfersTo(world, shop.seller.accountId, STRIPE_IS_DOWN);
    const orderId = await paidOrder(world, shop.buyer, shop.productIds);
    return ended(world, `transfer/${(await onlyTransfer(world, orderId)).id}`);
  },
  'transfer-waits-for-account': async (world) => {
    const shop = await openShop(world, { connected: false });
    const orderId = await paidOrder(world, shop.buyer, shop.productIds);
    const { id } = await onlyTransfer(world, orderId);
    await until(
      () => transferRow(world, id),
      (row) => row.waitingFor === 'stripe_account',
    );
    const workflowId = `transfer/${id}`;
    return {
      workflowId,
      open: async () => {
        await connect(world, shop.seller);
        await signal(world, workflowId, 'retryNow');
      },
    };
  },

  /** Recorded when each reversal of a refund had a workflow; those that others cause still have one from the beginning. */
  'reversal-direct': async (world) => {
    const { orderId } = await soldOrder(world);
    world.psp.control.createExternalRefund(orderId, PRICE_MINOR);
    await world.finished(`order/${orderId}`);
    await world.psp.control.idle();
    const [refund] = await until(
      () => refundsOf(world, orderId),
      (rows) => rows.length === 1,
    );
    const reversal = await onlyReversal(world, refund!.id);
    return ended(world, `reversal/${reversal.id}`);
  },
  /** Recorded after a refund's workflow had begun to make the first attempt, which failed. */
  'reversal-handed-over': async (world) => {
    const { workflowId } = await refundedOrder(world, { troubles: [{ kind: 'status', status: 503 }] });
    return ended(world, workflowId);
  },
  'reversal-retried': async (world) => {
    const { workflowId } = await refundedOrder(world, {
      troubles: [{ kind: 'status', status: 503, times: 2 }],
    });
    return ended(world, workflowId);
  },
  'reversal-open': async (world) => {
    const refunded = await refundedOrder(world, { troubles: [STRIPE_IS_DOWN] });
    await failedAttempts(world, refunded.reversal.id, 2);
    return {
      workflowId: refunded.workflowId,
      open: async () => {
        world.stripe.control.clearFaults();
        await signal(world, refunded.workflowId, 'retryNow');
      },
    };
  },
  'reversal-given-up': async (world) => {
    const refunded = await refundedOrder(world, { troubles: [STRIPE_IS_DOWN] });
    await failedAttempts(world, refunded.reversal.id, 1);
    await signal(world, refunded.workflowId, 'giveUp', 'the seller has left');
    return ended(world, refunded.workflowId);
  },
  'reversal-exhausted': async (world) => {
    const { workflowId } = await refundedOrder(world, { troubles: [STRIPE_IS_DOWN] });
    return ended(world, workflowId);
  },
  'reversal-adopted': async (world) => {
    const { shop, reversal, workflowId } = await reversedUnseen(world);
    const acted = { reason: REASON };
    const path = `/admin/reversals/${reversal.id}` as const;
    await world.post(shop.admin, `${path}/resolve`, { ...acted, resolution: 'written_off' });
    await world.post(shop.admin, `${path}/retry`, acted);
    return ended(world, workflowId);
  },

  'payout-open': async (world) => {
    const { id, stripePayoutId } = await acceptedPayout(world);
    return {
      workflowId: `payout/${id}`,
      open: async () => world.stripe.control.settlePayout(stripePayoutId, 'paid'),
    };
  },
  'payout-paid': async (world) => {
    const { id, stripePayoutId } = await acceptedPayout(world);
    world.stripe.control.settlePayout(stripePayoutId, 'paid');
    return ended(world, `payout/${id}`);
  },
  'payout-failed': async (world) => {
    const { id, stripePayoutId } = await acceptedPayout(world);
    world.stripe.control.settlePayout(stripePayoutId, 'failed', 'the account is closed');
    return ended(world, `payout/${id}`);
  },

  onboarding: async (world) => {
    const { seller } = await openShop(world, { connected: false });
    await world.post(seller, '/sellers/me/stripe-account', {
      return_url: 'https://shop.example/back',
      refresh_url: 'https://shop.example/again',
    });
    return ended(world, `onboarding/${seller.id}`);
  },
  backfill: async (world) => {
    const { seller } = await openShop(world);
    await sentBefore(world, await legacyTransfer(world, seller), seller.accountId);
    await legacyTransfer(world, seller);
    await world.engine.startBackfill(false);
    await world.engine.backfillReport(false);
    return { workflowId: 'backfill-transfer-ids' };
  },
  sweep: async (world) => {
    const { shop, refundId } = await asked(world);
    await adopted(world, refundId);
    await world.database
      .sql`UPDATE refunds SET created_at = created_at - interval '1 hour' WHERE id = ${refundId}`;
    world.psp.control.settleRefund(refundId, 'succeeded', undefined, { webhook: false });
    const swept = await world.post(shop.admin, '/admin/reconcile');
    await world.finished(`refund/${refundId}`);
    return { workflowId: swept.body['workflow_id']! };
  },
  'sweep-of-ended-orders': async (world) => {
    const { shop, orderId } = await placed(world);
    world.psp.control.setPaymentStatus(orderId, 'failed');
    await world.finished(`order/${orderId}`);
    await world.database
      .sql`UPDATE orders SET created_at = created_at - interval '1 hour' WHERE id = ${orderId}`;
    world.psp.control.pay(orderId, { webhook: false });
    const swept = await world.post(shop.admin, '/admin/reconcile', { phases: ['ended_orders'] });
    await world.finished(`order/${orderId}`);
    for (const refund of await refundsOf(world, orderId)) await world.finished(`refund/${refund.id}`);
    return { workflowId: swept.body['workflow_id']! };
  },
  'drain-continued': async (world) => drained(world),
  'drain-ended': async (world) => {
    const { workflowId } = await drained(world);
    return { workflowId };
  },
  'statement-continued': async (world) => matched(world, { batchRows: 1, slicesPerRun: 1 }),
  'statement-ended': async (world) => {
    const { workflowId } = await matched(world, { batchRows: 1, slicesPerRun: 1 });
    return { workflowId };
  },
  statement: async (world) => {
    const { workflowId } = await matched(world, {});
    return { workflowId };
  },
  ...SUBSCRIPTION_PATHS,
  ...MAIL_PATHS,
  ...EXPORT_PATHS,
  ...UPKEEP_PATHS,
  ...DELETION_PATHS,
};

/** Its time was over while the engine knew nothing of it. */
async function expired(world: World): Promise<Played> {
  const { orderId } = await placed(world);
  const workflowId = `order/${orderId}`;
  await world.temporal.workflow.getHandle(workflowId).terminate('lost');
  await world.database
    .sql`UPDATE orders SET created_at = created_at - interval '30 days' WHERE id = ${orderId}`;
  await world.engine.startOrder(orderId, { amountMinor: PRICE_MINOR, currency: 'USD' });
  return ended(world, workflowId);
}

/** A sweep of everything, each batch in a run of its own. */
async function drained(world: World) {
  const { orderId } = await placed(world);
  await world.database
    .sql`UPDATE orders SET created_at = created_at - interval '1 hour' WHERE id = ${orderId}`;
  const { workflowId, firstExecutionRunId } = await world.temporal.workflow.start('reconcile', {
    workflowId: `reconcile/${uuidv7()}`,
    taskQueue: world.config.TEMPORAL_TASK_QUEUE,
    args: [{ drain: true, batchesPerRun: 1, phases: ['stuck_orders'] }],
  });
  await world.finished(workflowId);
  world.psp.control.fail(orderId);
  await world.finished(`order/${orderId}`);
  return { workflowId, runId: firstExecutionRunId };
}

/** A file that names one of our transfers twice and one that is not ours; an activity takes five batches. */
async function matched(world: World, terms: { readonly batchRows?: number; readonly slicesPerRun?: number }) {
  const { stripeTransferId } = await soldOrder(world);
  const lines = [stripeTransferId, stripeTransferId, ...Array.from({ length: 5 }, () => stripeId('tr'))];
  const files = await makeFiles();
  try {
    const text = exportOf(
      ...lines.map((source) => exportLine({ type: 'transfer', source, amount: '-90.00' })),
    );
    const file = await files.write('statement.csv', text);
    const ask = { file, provider: undefined, mapping: undefined };
    const { id } = await loadSettlementFile(world.database.db, ask, () => undefined);
    const { workflowId, firstExecutionRunId } = await world.temporal.workflow.start('statement', {
      workflowId: `statement/${id}`,
      taskQueue: world.config.TEMPORAL_TASK_QUEUE,
      args: [{ statementId: id, ...terms }],
      staticSummary: 'Statement statement.csv',
    });
    await world.finished(workflowId);
    return { workflowId, runId: firstExecutionRunId };
  } finally {
    await files.remove();
  }
}

async function placed(world: World) {
  const shop = await openShop(world);
  return { shop, orderId: await placedOrder(world, shop.buyer, shop.productIds) };
}

/** A refund of a sold order, which the PSP does not settle by itself. */
async function asked(world: World, body: object = { reason: REASON }) {
  const { shop, orderId } = await soldOrder(world);
  world.psp.control.setRefundMode('manual');
  return { shop, orderId, refundId: await openedRefund(world, shop.buyer, orderId, body) };
}

async function settle(world: World, refundId: string, status: 'succeeded' | 'failed'): Promise<void> {
  await adopted(world, refundId);
  world.psp.control.settleRefund(refundId, status, status === 'failed' ? 'card closed' : undefined);
  await world.finished(`refund/${refundId}`);
}

async function acceptedPayout(world: World) {
  const { seller } = await earnedShop(world);
  world.stripe.control.setPayoutMode('manual');
  const id = await openedPayout(world, seller);
  const { externalPayoutId } = await payoutIs(world, id, (row) => row.externalPayoutId !== null);
  return { id, stripePayoutId: externalPayoutId! };
}

async function ended(world: World, workflowId: string): Promise<Played> {
  await world.finished(workflowId);
  return { workflowId };
}

async function reversalsEnd(world: World, orderId: string): Promise<void> {
  for (const refund of await refundsOf(world, orderId)) {
    const reversal = await onlyReversal(world, refund.id);
    await world.finished(`reversal/${reversal.id}`);
  }
}
