import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { sellerPayouts } from '../../db/payouts/schema.ts';
import { expectCleanBooks } from '../harness/books.ts';
import { onlyReversal, onlyTransfer, transferRow } from '../harness/read.ts';
import { failedAttempts, until } from '../harness/wait.ts';
import { openShop } from '../harness/shop.ts';
import { completedOrder, openedRefund, paidOrder, placedOrder, signal } from '../harness/stories.ts';
import { onReversalsOf, onTransfersTo, STRIPE_IS_DOWN } from '../harness/trouble.ts';
import type { World } from '../harness/world.ts';
import { age, counts, createWorld, one, stuckRefund, sweep, terminate } from './support.ts';

let world: World;
beforeAll(async () => {
  // Between two attempts there is time to lose a workflow.
  world = await createWorld({
    TRANSFER_RETRY_BACKOFF_BASE: '1m',
    TRANSFER_RETRY_BACKOFF_MAX: '1m',
    REVERSAL_BACKOFF_BASE: '1m',
    REVERSAL_BACKOFF_MAX: '1m',
  });
});
afterAll(() => world.close());

it('lost work: an order goes on', async () => {
  const shop = await openShop(world);
  const orderId = await placedOrder(world, shop.buyer, shop.productIds);
  await age(world, 'orders', orderId, '2 minutes');
  const alive = await sweep(world, shop, 'lost_work');
  expect(counts(alive, 'lost_work')).toEqual(one('left', 'workflow_running'));

  await terminate(world, `order/${orderId}`);
  expect(counts(await sweep(world, shop, 'lost_work'), 'lost_work')).toEqual(one('synced', 'restarted'));
  world.psp.control.pay(orderId);
  expect(await world.finished(`order/${orderId}`)).toEqual({ status: 'completed' });
  for (const transfer of await world.transfersOf(orderId)) await world.finished(`transfer/${transfer.id}`);
  expect(world.psp.control.requests('payments.create')).toHaveLength(1);
});

it('lost work: a refund goes on', async () => {
  world.psp.control.setRefundMode('manual');
  const { shop, refundId } = await stuckRefund(world);
  await terminate(world, `refund/${refundId}`);
  const swept = await sweep(world, shop, 'lost_work');
  expect(counts(swept, 'lost_work')).toEqual(one('synced', 'restarted'));
  world.psp.control.settleRefund(refundId, 'succeeded');
  expect(await world.finished(`refund/${refundId}`)).toEqual({ status: 'succeeded' });
  world.psp.control.setRefundMode('auto');
  const reversal = await onlyReversal(world, refundId);
  await world.finished(`reversal/${reversal.id}`);
});

it('lost work: a transfer goes on', async () => {
  const shop = await openShop(world);
  const fault = onTransfersTo(world, shop.seller.accountId, STRIPE_IS_DOWN);
  const orderId = await paidOrder(world, shop.buyer, shop.productIds);
  const { id } = await onlyTransfer(world, orderId);
  await until(
    () => transferRow(world, id),
    (row) => row.retryCount === 1,
  );
  await terminate(world, `transfer/${id}`);
  world.stripe.control.clearFaults(fault);
  await age(world, 'seller_transfers', id);
  expect(counts(await sweep(world, shop, 'lost_work'), 'lost_work')).toEqual(one('synced', 'restarted'));
  await signal(world, `transfer/${id}`, 'retryNow');
  await world.finished(`transfer/${id}`);
  expect((await onlyTransfer(world, orderId)).status).toBe('completed');
});

it('lost work: a reversal goes on', async () => {
  const shop = await openShop(world);
  const { orderId, transfers } = await completedOrder(world, shop.buyer, shop.productIds);
  const fault = onReversalsOf(world, transfers[0]!.stripeTransferId!, STRIPE_IS_DOWN);
  const refundId = await openedRefund(world, shop.buyer, orderId);
  await world.finished(`refund/${refundId}`);
  const { id } = await onlyReversal(world, refundId);
  await failedAttempts(world, id, 1);
  await terminate(world, `reversal/${id}`);
  world.stripe.control.clearFaults(fault);
  await age(world, 'transfer_reversals', id);
  expect(counts(await sweep(world, shop, 'lost_work'), 'lost_work')).toEqual(one('synced', 'restarted'));
  await signal(world, `reversal/${id}`, 'retryNow');
  await world.finished(`reversal/${id}`);
  expect((await onlyReversal(world, refundId)).status).toBe('reversed');
  await expectCleanBooks(world);
});

it('lost work: a payout goes on', async () => {
  const shop = await openShop(world);
  await completedOrder(world, shop.buyer, shop.productIds);
  const fault = world.stripe.control.addFault({ ...STRIPE_IS_DOWN, match: 'payouts.create' });
  const asked = await world.post(shop.seller, '/sellers/me/payouts', {}, { 'idempotency-key': 'a-payout' });
  expect(asked.status, JSON.stringify(asked.body)).toBe(202);
  const id = asked.body['payout']!['id'] as unknown as string;
  const rowOf = async () =>
    (await world.database.db.select().from(sellerPayouts).where(eq(sellerPayouts.id, id)))[0]!;
  await until(rowOf, (row) => row.retryCount === 1);
  await terminate(world, `payout/${id}`);
  world.stripe.control.clearFaults(fault);
  await age(world, 'seller_payouts', id);
  expect(counts(await sweep(world, shop, 'lost_work'), 'lost_work')).toEqual(one('synced', 'restarted'));
  await signal(world, `payout/${id}`, 'retryNow');
  await until(rowOf, (row) => row.externalPayoutId !== null);
  await expectCleanBooks(world);
});
