import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  detailsOf,
  keysOf,
  onlyTransfer,
  reversalCalls,
  stateOf,
  transferCalls,
  transferRow,
} from '../harness/read.ts';
import { failedAttempts, stateAfterAttempt, until } from '../harness/wait.ts';
import { earnedShop, onPayouts, openedPayout, payoutCalls, payoutIs } from '../harness/payouts.ts';
import { refundedOrder } from '../harness/refunded.ts';
import { openShop } from '../harness/shop.ts';
import { completedOrder, openedRefund, paidOrder, placedOrder, signal } from '../harness/stories.ts';
import { onTransfersTo } from '../harness/trouble.ts';
import { type Person, World } from '../harness/world.ts';

// An operator who looks at a call that went wrong finds it in the provider's log by the key that we show.

const PATIENT = {
  TRANSFER_RETRY_BACKOFF_BASE: '10m',
  TRANSFER_RETRY_BACKOFF_MAX: '10m',
  REVERSAL_BACKOFF_BASE: '10m',
  REVERSAL_BACKOFF_MAX: '10m',
};

describe('the idempotency key of a call is shown as the string that the provider’s log has', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.create({ env: PATIENT });
  });
  afterAll(() => world.close());

  async function storyKeyOf(admin: Person, subject: string): Promise<unknown> {
    const { body } = await world.get(admin, `/admin/story?subject=${encodeURIComponent(subject)}`);
    const { rows } = body['story']!;
    return rows.find((row) => row['subject'] === subject)!['idempotency_key'];
  }

  async function expectShown(workflowId: string, admin: Person, key: string): Promise<void> {
    expect(await stateAfterAttempt(world, workflowId)).toMatchObject({ idempotencyKey: key });
    expect(await detailsOf(world, workflowId)).toContain(`**Idempotency key:** ${key}`);
    expect(await storyKeyOf(admin, workflowId)).toBe(key);
  }

  it('of a reversal: the one that failed, the new one after it, and still when it has ended', async () => {
    const { shop, reversal, workflowId, stripeTransferId, orderId } = await refundedOrder(world, {
      troubles: [{ kind: 'status', status: 500, stored: true }],
    });
    const keyInLog = () => keysOf(reversalCalls(world, stripeTransferId)).at(-1)!;
    const shownByTheApi = async () => {
      const { body } = await world.get(shop.admin, `/admin/reversals?order_id=${orderId}`);
      return body['data']![0]!['idempotency_key'];
    };
    await failedAttempts(world, reversal.id, 1);
    expect(keyInLog()).toBe(`reversal:${reversal.id}:1`);
    await expectShown(workflowId, shop.admin, keyInLog());
    expect(await shownByTheApi()).toBe(keyInLog());

    await signal(world, workflowId, 'retryNow');
    await failedAttempts(world, reversal.id, 2);
    await signal(world, workflowId, 'retryNow');
    expect(await world.finished(workflowId)).toEqual({ status: 'reversed' });
    expect(keyInLog()).toBe(`reversal:${reversal.id}:2`);
    await expectShown(workflowId, shop.admin, keyInLog());
    expect(await shownByTheApi()).toBe(keyInLog());
  });

  it('of a transfer', async () => {
    const shop = await openShop(world);
    onTransfersTo(world, shop.seller.accountId, { kind: 'status', status: 503 });
    const orderId = await paidOrder(world, shop.buyer, shop.productIds);
    const { id } = await onlyTransfer(world, orderId);
    await until(
      () => transferRow(world, id),
      (row) => row.retryCount === 1,
    );
    const [keyInLog] = keysOf(transferCalls(world, shop.seller.accountId));
    expect(keyInLog).toBe(`transfer:${id}:1`);
    await expectShown(`transfer/${id}`, shop.admin, keyInLog!);
    const { body } = await world.get(shop.admin, `/admin/transfers?order_id=${orderId}`);
    expect(body['data']![0]!['idempotency_key']).toBe(keyInLog);
  });

  it('of a payout', async () => {
    const { shop, seller } = await earnedShop(world);
    onPayouts(world, { kind: 'status', status: 503 });
    const id = await openedPayout(world, seller);
    await payoutIs(world, id, (row) => row.retryCount === 1);
    const [keyInLog] = keysOf(payoutCalls(world, id));
    expect(keyInLog).toBe(`payout:${id}:1`);
    await expectShown(`payout/${id}`, shop.admin, keyInLog!);
    const { body } = await world.get(seller, `/sellers/me/payouts/${id}`);
    expect(body['payout']!['idempotency_key']).toBe(keyInLog);
  });

  it('of an order’s payment, while it waits for the buyer', async () => {
    const shop = await openShop(world);
    const orderId = await placedOrder(world, shop.buyer, shop.productIds);
    const calls = world.psp.control.requests('payments.create');
    const call = calls.find(({ body }) => (body as { payment_id?: string }).payment_id === orderId)!;
    expect(call.headers['idempotency-key']).toBe(orderId);
    expect(await stateOf(world, `order/${orderId}`)).toEqual({ status: 'pending', idempotencyKey: orderId });
    expect(await detailsOf(world, `order/${orderId}`)).toContain(`**Idempotency key:** ${orderId}`);
    expect(await storyKeyOf(shop.admin, `order/${orderId}`)).toBe(orderId);
  });

  it('of a refund, while it waits for the PSP’s word and after it', async () => {
    const shop = await openShop(world);
    const { orderId } = await completedOrder(world, shop.buyer, shop.productIds);
    world.psp.control.addFault({ kind: 'loseWebhook', match: 'refund_succeeded' });
    const refundId = await openedRefund(world, shop.buyer, orderId);
    await until(
      () => world.refund(refundId),
      (row) => row.hyperswitchRefundId !== null,
    );
    const calls = world.psp.control.requests('refunds.create');
    const call = calls.find(({ body }) => (body as { refund_id?: string }).refund_id === refundId)!;
    expect(call.headers['idempotency-key']).toBe(refundId);
    const workflowId = `refund/${refundId}`;
    expect(await stateOf(world, workflowId)).toEqual({ status: 'pending', idempotencyKey: refundId });
    expect(await detailsOf(world, workflowId)).toContain(`**Idempotency key:** ${refundId}`);
    expect(await storyKeyOf(shop.admin, workflowId)).toBe(refundId);
    const { body } = await world.get(shop.buyer, `/marketplace/refunds/${refundId}`);
    expect(body['refund']!['idempotency_key']).toBe(refundId);
  });
});
