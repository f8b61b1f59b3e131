import { and, eq, isNull } from 'drizzle-orm';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { transferReversals } from '../../db/marketplace/transfers/schema.ts';
import { expectAgreement } from '../harness/agreement.ts';
import { auditLogOf, balanceOf, openFlags, postingsOf, reversalRow, transferRow } from '../harness/read.ts';
import { refundedOrder, type Refunded, reversedUnseen } from '../harness/refunded.ts';
import { makeProduct, NET_MINOR, type Seller } from '../harness/shop.ts';
import { completedOrder } from '../harness/stories.ts';
import { onReversalLookUps, STRIPE_IS_DOWN } from '../harness/trouble.ts';
import { World } from '../harness/world.ts';

const REASON = 'Stripe says that it took it';

describe('a reversal that a person ended, and that Stripe carried out after all', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.create({ env: { REVERSAL_MAX_RETRIES: '0' } });
  });
  afterEach(() => world.stripe.control.clearFaults());
  afterAll(() => world.close());

  const lost = (options?: Parameters<typeof reversedUnseen>[1]) => reversedUnseen(world, options);

  const resolve = async ({ shop, reversal }: Refunded, resolution: string) => {
    const answer = await world.post(shop.admin, `/admin/reversals/${reversal.id}/resolve`, {
      resolution,
      reason: 'the seller is gone',
    });
    expect(answer.status, JSON.stringify(answer.body)).toBe(200);
  };

  /** The webhook that was lost comes at last, as often as told. */
  async function toldByStripe({ stripeTransferId }: Refunded): Promise<void> {
    const [webhook] = world.stripe.control
      .deliveries()
      .filter(({ objectId, type }) => objectId === stripeTransferId && type === 'transfer.reversed');
    await world.stripe.control.redeliver(webhook!.eventId);
  }

  const flags = ({ workflowId }: Refunded) => openFlags(world, 'reversal_happened_after_all', workflowId);

  const retry = ({ shop, reversal }: Refunded, body: unknown = { reason: REASON }) =>
    world.post(shop.admin, `/admin/reversals/${reversal.id}/retry`, body);

  it('written off: flagged, and a retry undoes the write-off and books what Stripe took', async () => {
    const refunded = await lost();
    const { shop, reversal, stripeTransferId, transfer, workflowId } = refunded;
    await resolve(refunded, 'written_off');
    await toldByStripe(refunded);
    const [flag] = await flags(refunded);
    const made = world.stripe.control.reversals(stripeTransferId)[0]!;
    expect(flag!.detail).toBe(
      `${made.id} is this reversal, which is written_off: retry it, and it is adopted`,
    );
    const stuck = await world.get(shop.admin, `/admin/stuck?kind=flag`);
    expect(stuck.body['data']).toContainEqual(
      expect.objectContaining({
        subject: workflowId,
        actions: [
          { action: 'retry', subject: workflowId },
          { action: 'clear_flag', subject: `flag/${flag!.id}` },
        ],
      }),
    );

    const story = await world.get(shop.admin, `/admin/story?subject=${workflowId}`);
    const { rows } = story.body['story']!;
    expect(rows.find((row) => row['subject'] === workflowId)).toMatchObject({
      actions: [{ action: 'retry' }, { action: 'settled_outside' }],
    });

    const answer = await retry(refunded);
    expect(answer.status, JSON.stringify(answer.body)).toBe(202);
    expect(answer.body['note']).toBe('Stripe has carried it out: the loss is taken back.');
    expect(answer.body['reversal']).toMatchObject({ status: 'reversed', stripe_reversal_id: made.id });
    expect(await reversalRow(world, reversal.id)).toMatchObject({
      status: 'reversed',
      stripeReversalId: made.id,
      errorMessage: null,
    });
    expect((await transferRow(world, transfer.id)).reversedMinor).toBe(NET_MINOR);
    expect(await flags(refunded)).toEqual([]);
    expect(await auditLogOf(world, workflowId)).toMatchObject([
      { action: 'reversal.written_off', actor: shop.admin.id },
      { action: 'reversal.retry', actor: shop.admin.id, reason: REASON, before: { status: 'written_off' } },
      {
        action: 'reversal.adopt',
        actor: 'system',
        before: { status: 'written_off' },
        after: { status: 'reversed', stripeReversalId: made.id },
      },
    ]);
    // The seller had the share in their account: it is gone from there, and nothing is owed.
    expect(await balanceOf(world, shop.seller.id)).toEqual({
      pendingMinor: 0,
      availableMinor: 0,
      owedMinor: 0,
    });
    await expectAgreement(world);

    // Told again, it is nobody's news.
    await toldByStripe(refunded);
    expect(await flags(refunded)).toEqual([]);
    await expectAgreement(world);
  });

  it('what was owed when it was written off is owed again, out of what the seller has earned since', async () => {
    const refunded = await lost({
      before: async ({ shop }) => {
        await paidOut(shop.seller);
        world.stripe.control.topUpAccount(shop.seller.accountId, 'usd', NET_MINOR);
      },
    });
    const { shop } = refunded;
    const balance = () => balanceOf(world, shop.seller.id);
    expect(await balance()).toEqual({ pendingMinor: 0, availableMinor: 0, owedMinor: NET_MINOR });
    await resolve(refunded, 'written_off');
    expect((await balance()).owedMinor).toBe(0);
    const cheap = await makeProduct(world, shop.seller, 1_000);
    await completedOrder(world, shop.buyer, [cheap]);
    expect((await balance()).availableMinor).toBe(900);
    await toldByStripe(refunded);
    expect((await retry(refunded)).status).toBe(202);
    expect(await balance()).toEqual({ pendingMinor: 0, availableMinor: 0, owedMinor: NET_MINOR - 900 });
    await expectAgreement(world);
  });

  it('twice: once, and the same Idempotency-Key gets the same answer', async () => {
    const refunded = await lost();
    const { shop, reversal, transfer } = refunded;
    await resolve(refunded, 'written_off');
    const keyed = () =>
      world.post(
        shop.admin,
        `/admin/reversals/${reversal.id}/retry`,
        { reason: REASON },
        { 'Idempotency-Key': `retry-${reversal.id}` },
      );
    const first = await keyed();
    expect(first.status, JSON.stringify(first.body)).toBe(202);
    expect((await keyed()).body).toEqual(first.body);
    expect((await retry(refunded)).body).toMatchObject({
      code: 'reversal_not_retryable',
      status_now: 'reversed',
    });
    expect(await postingsOf(world, transfer.id, 'write_off_undone')).toBe(1);
    await expectAgreement(world);
  });

  it('at once: once', async () => {
    const refunded = await lost();
    await resolve(refunded, 'written_off');
    const answers = await Promise.all([retry(refunded), retry(refunded), retry(refunded)]);
    // Who comes when it is done is told so.
    expect(answers.map(({ status }) => status).filter((status) => status !== 202 && status !== 409)).toEqual(
      [],
    );
    expect(answers.some(({ status }) => status === 202)).toBe(true);
    expect(await postingsOf(world, refunded.transfer.id, 'write_off_undone')).toBe(1);
    expect((await reversalRow(world, refunded.reversal.id)).status).toBe('reversed');
    await expectAgreement(world);
  });

  it.each(['written_off', 'settled_outside'])(
    '%s, and Stripe shows nothing: refused by name, and nothing is changed',
    async (resolution) => {
      const refunded = await refundedOrder(world, { troubles: [{ kind: 'status', status: 503 }] });
      const { reversal, workflowId, transfer } = refunded;
      expect(await world.finished(workflowId)).toEqual({ status: 'permanently_failed' });
      await resolve(refunded, resolution);
      const before = await reversalRow(world, reversal.id);
      const noReason = await retry(refunded, {});
      expect([noReason.status, noReason.body['code']]).toEqual([422, 'validation_failed']);
      const answer = await retry(refunded);
      expect(answer.status).toBe(409);
      expect(answer.body).toMatchObject({
        code: 'reversal_not_retryable',
        detail: `It stays ${resolution}: Stripe lists no reversal of ours for it.`,
        status_now: resolution,
      });
      expect(await reversalRow(world, reversal.id)).toEqual(before);
      expect(await postingsOf(world, transfer.id, 'write_off_undone')).toBe(0);
      expect(await world.finished(workflowId)).toEqual({ status: resolution });
      await expectAgreement(world);
    },
  );

  it('Stripe cannot be read: unknown is not refused, and it is booked once the list is there', async () => {
    const refunded = await lost();
    const { reversal, stripeTransferId, workflowId } = refunded;
    await resolve(refunded, 'written_off');
    onReversalLookUps(world, stripeTransferId, STRIPE_IS_DOWN);
    const answer = await retry(refunded);
    expect(answer.status).toBe(503);
    expect(answer.body).toMatchObject({ code: 'engine_unavailable', may_still_be_carried_out: true });
    expect((await reversalRow(world, reversal.id)).status).toBe('written_off');
    world.stripe.control.clearFaults();
    expect(await world.finished(workflowId)).toEqual({ status: 'reversed' });
    await expectAgreement(world);
  });

  it('the last of its chain is flagged and adopts what an earlier one did', async () => {
    const refunded = await lost();
    const { shop, reversal, stripeTransferId, transfer } = refunded;
    onReversalLookUps(world, stripeTransferId, STRIPE_IS_DOWN);
    const retried = await retry(refunded);
    const secondId: string = retried.body['reversal']!['id']!;
    expect(await world.finished(`reversal/${secondId}`)).toEqual({ status: 'permanently_failed' });
    world.stripe.control.clearFaults();
    const second = {
      ...refunded,
      reversal: await reversalRow(world, secondId),
      workflowId: `reversal/${secondId}`,
    };
    await resolve(second, 'written_off');
    await toldByStripe(refunded);
    expect(await flags(refunded)).toEqual([]);
    expect(await flags(second)).toHaveLength(1);
    const superseded = await world.post(shop.admin, `/admin/reversals/${reversal.id}/retry`, {
      reason: REASON,
    });
    expect(superseded.body).toMatchObject({ code: 'reversal_not_retryable' });
    expect((await retry(second)).status).toBe(202);
    expect((await reversalRow(world, secondId)).status).toBe('reversed');
    expect(await postingsOf(world, transfer.id, 'write_off_undone')).toBe(1);
    await expectAgreement(world);
  });

  /** What Stripe took is the seller's, held beside the row that a person ended. */
  async function expectKept(refunded: Refunded, status: string) {
    const answer = await retry(refunded);
    expect(answer.status, JSON.stringify(answer.body)).toBe(202);
    expect(answer.body['reversal']!['status']).toBe(status);
    expect(answer.body['note']).toContain('kept for the seller');
    const { reversal, stripeTransferId, transfer } = refunded;
    expect(await reversalRow(world, reversal.id)).toMatchObject({ status, stripeReversalId: null });
    expect(await outsideRows(transfer.id)).toMatchObject([
      {
        status: 'reversed',
        suspenseMinor: NET_MINOR,
        stripeReversalId: world.stripe.control.reversals(stripeTransferId)[0]!.id,
      },
    ]);
    expect(await flags(refunded)).toEqual([]);
    expect(await openFlags(world, 'outside_reversal', `transfer/${transfer.id}`)).toHaveLength(1);
    // Neither a repeat nor the webhook takes it a second time.
    expect((await retry(refunded)).status).toBe(202);
    await toldByStripe(refunded);
    expect(await flags(refunded)).toEqual([]);
    expect(await outsideRows(transfer.id)).toHaveLength(1);
    await expectAgreement(world);
  }

  it('settled outside: the seller has paid twice, and what Stripe took is kept for them', async () => {
    const refunded = await lost();
    await resolve(refunded, 'settled_outside');
    await toldByStripe(refunded);
    expect(await flags(refunded)).toHaveLength(1);
    await expectKept(refunded, 'settled_outside');
    expect((await balanceOf(world, refunded.shop.seller.id)).availableMinor).toBe(0);
  });

  it('settled outside after it was written off: the connected account does not lose it twice', async () => {
    const refunded = await lost();
    await resolve(refunded, 'written_off');
    await resolve(refunded, 'settled_outside');
    await expectKept(refunded, 'settled_outside');
  });

  it.each(['written_off', 'withdrawn'])(
    '%s of a refund that the bank returned: what Stripe took is kept for the seller',
    async (status) => {
      const refunded = await lost();
      if (status === 'written_off') await resolve(refunded, status);
      const { shop, refundId } = refunded;
      const returned = await world.post(shop.admin, `/admin/refunds/${refundId}/return`, {
        reason: 'the card is closed',
      });
      expect(returned.status, JSON.stringify(returned.body)).toBe(200);
      expect((await reversalRow(world, refunded.reversal.id)).status).toBe(status);
      await expectKept(refunded, status);
    },
  );

  const outsideRows = (transferId: string) =>
    world.database.db
      .select()
      .from(transferReversals)
      .where(and(eq(transferReversals.transferId, transferId), isNull(transferReversals.refundId)));

  /** All that is available goes to the seller's bank. */
  async function paidOut(seller: Seller): Promise<void> {
    const asked = await world.post(
      seller,
      '/sellers/me/payouts',
      {},
      { 'Idempotency-Key': `payout-${seller.id}` },
    );
    expect(asked.status, JSON.stringify(asked.body)).toBe(202);
    const payoutId: string = asked.body['payout']!['id']!;
    expect(await world.finished(`payout/${payoutId}`)).toEqual({ status: 'paid' });
  }
});
