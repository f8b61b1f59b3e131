import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { expectAgreement } from '../harness/agreement.ts';
import { expectCleanBooks } from '../harness/books.ts';
import { auditLogOf, keysOf, onlyTransfer, sentTo, transferCalls, transferRow } from '../harness/read.ts';
import { NET_MINOR, openShop } from '../harness/shop.ts';
import { completedOrder, openedRefund, paidOrder } from '../harness/stories.ts';
import { madeAfterAll, madeBehindOurBack, onTransfersTo, STRIPE_IS_DOWN } from '../harness/trouble.ts';
import { World } from '../harness/world.ts';

const REASON = 'Stripe was down for longer than we retry';

describe('a transfer that an admin retries', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.create({ env: { TRANSFER_RETRY_MAX_RETRIES: '0' } });
  });
  afterEach(() => world.stripe.control.clearFaults());
  afterAll(() => world.close());

  /** A transfer that failed for good, of which Stripe knows nothing, and Stripe well again. */
  async function permanentlyFailed() {
    const shop = await openShop(world);
    const { accountId } = shop.seller;
    const down = onTransfersTo(world, accountId, STRIPE_IS_DOWN);
    const orderId = await paidOrder(world, shop.buyer, shop.productIds);
    const { id } = await onlyTransfer(world, orderId);
    await world.finished(`transfer/${id}`);
    world.stripe.control.clearFaults(down);
    return { ...shop, orderId, accountId, transfer: await transferRow(world, id) };
  }

  it('a permanently_failed one is terminal: with a reason a new row is made, with its own id and key', async () => {
    const { transfer, admin, orderId, accountId } = await permanentlyFailed();
    const answer = await world.post(admin, `/admin/transfers/${transfer.id}/retry`, { reason: REASON });
    expect(answer.status, JSON.stringify(answer.body)).toBe(202);
    const shown = answer.body['transfer']!;
    expect(shown).toMatchObject({ retry_of: transfer.id, order_id: orderId, amount: NET_MINOR });
    const successorId: string = shown['id']!;
    expect(successorId).not.toBe(transfer.id);
    await world.finished(`transfer/${successorId}`);

    const [sent, ...more] = sentTo(world, accountId);
    expect(more).toEqual([]);
    expect(sent).toMatchObject({ amount: NET_MINOR, metadata: { transfer_id: successorId } });
    expect(await transferRow(world, successorId)).toMatchObject({
      status: 'completed',
      stripeTransferId: sent!.id,
      retryOf: transfer.id,
    });
    expect(await transferRow(world, transfer.id)).toEqual(transfer);
    expect(keysOf(transferCalls(world, accountId)).at(-1)).toBe(`transfer:${successorId}:1`);
    expect(await auditLogOf(world, `transfer/${transfer.id}`)).toMatchObject([
      {
        actor: admin.id,
        action: 'transfer.retry',
        reason: REASON,
        before: { status: 'permanently_failed', retryCount: 0 },
        after: { transferId: successorId, status: 'pending' },
      },
    ]);
    await expectAgreement(world);
  });

  it('a successor first looks for its predecessor at Stripe: what was sent after all is not sent again', async () => {
    const { transfer, admin, accountId } = await permanentlyFailed();
    const stripeTransferId = await madeBehindOurBack(world, transfer, accountId);
    const { id } = transfer;
    const answer = await world.post(admin, `/admin/transfers/${id}/retry`, { reason: REASON });
    const successorId: string = answer.body['transfer']!['id']!;
    await world.finished(`transfer/${successorId}`);
    expect(sentTo(world, accountId)).toHaveLength(1);
    expect(keysOf(transferCalls(world, accountId)).filter(Boolean)).toEqual([`transfer:${id}:1`]);
    expect(await transferRow(world, successorId)).toMatchObject({
      status: 'completed',
      stripeTransferId,
    });
    await expectAgreement(world);
  });

  it.each([{}, { reason: '' }, { reason: '   ' }])('without a reason nothing is made: %j', async (body) => {
    const { transfer, admin, orderId } = await permanentlyFailed();
    const answer = await world.post(admin, `/admin/transfers/${transfer.id}/retry`, body);
    expect(answer.status).toBe(422);
    expect(answer.body).toMatchObject({ code: 'validation_failed' });
    expect(JSON.stringify(answer.body)).toContain('reason');
    expect(await world.transfersOf(orderId)).toHaveLength(1);
    expect(await auditLogOf(world, `transfer/${transfer.id}`)).toEqual([]);
  });

  it('refused where a stripe_transfer_id is set', async () => {
    const { buyer, admin, productIds } = await openShop(world);
    const { transfers, orderId } = await completedOrder(world, buyer, productIds);
    const answer = await world.post(admin, `/admin/transfers/${transfers[0]!.id}/retry`, {
      reason: REASON,
    });
    expect(answer.status).toBe(409);
    expect(answer.body).toMatchObject({ code: 'transfer_not_retryable', status_now: 'completed' });
    expect(await world.transfersOf(orderId)).toHaveLength(1);
  });

  it('refused where nothing is left to send', async () => {
    const { transfer, admin, buyer, orderId, accountId } = await permanentlyFailed();
    const refundId = await openedRefund(world, buyer, orderId);
    await world.finished(`refund/${refundId}`);
    const answer = await world.post(admin, `/admin/transfers/${transfer.id}/retry`, { reason: REASON });
    expect(answer.status).toBe(409);
    expect(answer.body).toMatchObject({
      code: 'transfer_not_retryable',
      detail: 'Nothing is left to send: the order was refunded.',
    });
    expect(await world.transfersOf(orderId)).toHaveLength(1);
    expect(sentTo(world, accountId)).toEqual([]);
    await expectAgreement(world);
  });

  it('refused where a successor has taken its place', async () => {
    const { transfer, admin, orderId } = await permanentlyFailed();
    const path = `/admin/transfers/${transfer.id}/retry` as const;
    const answers = await Promise.all([1, 2, 3].map(() => world.post(admin, path, { reason: REASON })));
    expect(answers.map((answer) => answer.status).toSorted((a, b) => a - b)).toEqual([202, 409, 409]);
    const rows = await world.transfersOf(orderId);
    expect(rows).toHaveLength(2);
    await world.finished(`transfer/${rows[1]!.id}`);
    await expectAgreement(world);
  });

  it('a refund of a permanently_failed one lowers what its successor sends', async () => {
    const { transfer, admin, buyer, orderId, accountId } = await permanentlyFailed();
    const refundId = await openedRefund(world, buyer, orderId, { amount: 2_000 });
    await world.finished(`refund/${refundId}`);
    const answer = await world.post(admin, `/admin/transfers/${transfer.id}/retry`, { reason: REASON });
    const successorId: string = answer.body['transfer']!['id']!;
    await world.finished(`transfer/${successorId}`);
    expect(sentTo(world, accountId)).toMatchObject([{ amount: NET_MINOR - 1_800, amount_reversed: 0 }]);
    await expectAgreement(world);
  });

  it('an unknown transfer, an id that is not one, and a caller who is not an admin', async () => {
    const { transfer, admin, seller } = await permanentlyFailed();
    const unknown = await world.post(
      admin,
      '/admin/transfers/0198c0de-0000-7000-8000-000000000000/retry',
      {},
    );
    expect(unknown.body).toMatchObject({ status: 404, code: 'transfer_not_found' });
    const none = await world.post(admin, '/admin/transfers/none/retry', {});
    expect(none.body).toMatchObject({ status: 422, code: 'validation_failed' });
    const path = `/admin/transfers/${transfer.id}/retry` as const;
    expect((await world.post(seller, path, { reason: REASON })).status).toBe(403);
    expect((await world.post(null, path, { reason: REASON })).status).toBe(401);
    expect(await auditLogOf(world, `transfer/${transfer.id}`)).toEqual([]);
  });

  it.each(['settled_outside', 'written_off'])(
    'that was %s, and that Stripe makes after all, is flagged',
    async (resolution) => {
      const { transfer, admin, accountId } = await permanentlyFailed();
      const body = { resolution, reason: REASON };
      expect((await world.post(admin, `/admin/transfers/${transfer.id}/resolve`, body)).status).toBe(200);
      await madeAfterAll(world, transfer.id, accountId);
      expect(await transferRow(world, transfer.id)).toMatchObject({
        status: resolution,
        stripeTransferId: null,
      });
      await expectCleanBooks(world);
    },
  );

  it('that Stripe makes beside the one that it completed as is flagged: the seller has it twice', async () => {
    const shop = await openShop(world);
    const { transfers } = await completedOrder(world, shop.buyer, shop.productIds);
    await madeAfterAll(world, transfers[0]!.id, shop.seller.accountId);
    await expectCleanBooks(world);
  });
});
