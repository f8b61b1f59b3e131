import { asc, eq } from 'drizzle-orm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openParams } from '../../db/accounts/mails/open.ts';
import { mails } from '../../db/accounts/schema.ts';
import { expectCleanBooks } from '../harness/books.ts';
import { earnedShop, openedPayout, payoutIs } from '../harness/payouts.ts';
import { openShop } from '../harness/shop.ts';
import { completedOrder, openedRefund, settledRefund } from '../harness/stories.ts';
import { World } from '../harness/world.ts';

let world: World;
beforeAll(async () => {
  world = await World.create();
});
afterAll(async () => {
  await expectCleanBooks(world);
  await world.close();
});

async function told(userId: string) {
  const { db } = world.database;
  const rows = await db.select().from(mails).where(eq(mails.userId, userId)).orderBy(asc(mails.id));
  return Promise.all(
    rows.map(async (mail) => ({ kind: mail.kind, subject: mail.subject, ...(await openParams(db, mail)) })),
  );
}

test('the buyer has a receipt, and is told of a refund when it is asked for and when it is done, once each', async () => {
  const shop = await openShop(world);
  const { orderId } = await completedOrder(world, shop.buyer, shop.productIds);
  const { refundId } = await settledRefund(world, shop.buyer, orderId);
  const order = { order_id: orderId, amount: 10_000, currency: 'USD' };
  expect(await told(shop.buyer.id)).toEqual([
    { kind: 'order_receipt', subject: `order/${orderId}`, ...order, items: 1 },
    { kind: 'refund_asked', subject: `refund/${refundId}`, ...order },
    { kind: 'refund_succeeded', subject: `refund/${refundId}`, ...order },
  ]);
});

test('a refund that the PSP refuses is told as failed', async () => {
  const shop = await openShop(world);
  const { orderId } = await completedOrder(world, shop.buyer, shop.productIds);
  world.psp.control.setRefundMode('manual');
  const refundId = await openedRefund(world, shop.buyer, orderId);
  await world.psp.control.waitForRequest(
    ({ operation, outcome, body }) =>
      operation === 'refunds.create' &&
      outcome === 'answered' &&
      (body as { refund_id?: string }).refund_id === refundId,
  );
  world.psp.control.settleRefund(refundId, 'failed', 'refused');
  await world.finished(`refund/${refundId}`);
  world.psp.control.setRefundMode('auto');
  expect((await told(shop.buyer.id)).map(({ kind }) => kind)).toEqual([
    'order_receipt',
    'refund_asked',
    'refund_failed',
  ]);
});

test.each(['paid', 'failed'] as const)('the seller is told that a payout is %s', async (status) => {
  world.stripe.control.setPayoutMode('manual');
  const { seller } = await earnedShop(world);
  const id = await openedPayout(world, seller);
  const { externalPayoutId, amountMinor } = await payoutIs(world, id, (row) => row.externalPayoutId !== null);
  world.stripe.control.settlePayout(externalPayoutId!, status, 'the account is closed');
  await payoutIs(world, id, (row) => row.status === status);
  const text = { amount: amountMinor, currency: 'USD' };
  expect(await told(seller.id)).toEqual([{ kind: `payout_${status}`, subject: `payout/${id}`, ...text }]);
});
