import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { performAction } from '../../operations/perform.ts';
import { runOps } from '../../ops/run.ts';
import { expectCleanBooks } from '../harness/books.ts';
import { auditLogOf, refundsOf, reversalRow } from '../harness/read.ts';
import { adopted } from '../harness/wait.ts';
import { makePerson, openShop, type Shop } from '../harness/shop.ts';
import { completedOrder } from '../harness/stories.ts';
import type { Answer, BodyOf } from '../harness/answers.ts';
import { type Person, World } from '../harness/world.ts';
import { approveAs, awaited, codeOf, failedReversal, operationsOf } from './support.ts';

// FOUR_EYES_ABOVE_MINOR is what it is unless told: 500.00.

let world: World;
let second: Person;
beforeAll(async () => {
  world = await World.create();
  second = await makePerson(world, 'admin');
});
afterAll(() => world.close());

const newAdmin = () => makePerson(world, 'admin');

/** A reversal of 450.00 that failed for good. */
const failed = async () => (await failedReversal(world, 50_000)).reversalId;

const writeOff = (person: Person | null, reversalId: string, headers?: Record<string, string>) =>
  world.post(
    person,
    `/admin/reversals/${reversalId}/resolve`,
    { resolution: 'written_off', reason: 'the seller is gone' },
    headers,
  );

/** A paid order of one product at this price, nobody’s but its shop’s. */
async function soldFor(priceMinor: number, currency = 'USD'): Promise<Shop & { readonly orderId: string }> {
  const shop = await openShop(world, { prices: [priceMinor] });
  await world.database.sql`UPDATE products SET currency = ${currency} WHERE id = ${shop.seller.productId}`;
  return { ...shop, orderId: (await completedOrder(world, shop.buyer, shop.productIds)).orderId };
}

const REASON = 'they bought it twice';
const refund = (
  person: Person,
  orderId: string,
  body: unknown = { reason: REASON },
  headers: Record<string, string> = {},
) => world.post(person, `/marketplace/orders/${orderId}/refund`, body, headers);

function opened({ status, body }: Answer<BodyOf<'POST', '/marketplace/orders/:orderId/refund'>>): string {
  expect(status, JSON.stringify(body)).toBe(202);
  expect(body['refund']!['status']).toBe('pending');
  return body['refund']!['id']!;
}

describe('what one admin does within a day counts together', () => {
  it('three write-offs of 450.00: the first alone, the others wait; another admin has a limit of their own', async () => {
    const admin = await newAdmin();
    const [one, two, three] = [await failed(), await failed(), await failed()];
    expect((await writeOff(admin, one)).status).toBe(200);
    const waits = awaited(await writeOff(admin, two));
    awaited(await writeOff(admin, three));
    expect((await reversalRow(world, two)).status).toBe('permanently_failed');
    expect((await reversalRow(world, three)).status).toBe('permanently_failed');
    // What another has agreed to was not decided alone.
    expect((await approveAs(world, second, waits)).status).toBe(200);
    expect((await reversalRow(world, two)).status).toBe('written_off');
    expect((await writeOff(await newAdmin(), three)).status).toBe(200);
    await expectCleanBooks(world);
  });

  it('at once: however many pieces race, one passes', async () => {
    const admin = await newAdmin();
    const ids = [await failed(), await failed(), await failed(), await failed()];
    const answers = await Promise.all(ids.map((id) => writeOff(admin, id)));
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 202, 202, 202]);
    const statuses = await Promise.all(ids.map(async (id) => (await reversalRow(world, id)).status));
    expect(statuses.filter((status) => status === 'written_off')).toHaveLength(1);
  });

  it('whatever the action and the door: refunds, write-offs, a list, and by an API key', async () => {
    const admin = await newAdmin();
    const { orderId } = await soldFor(30_000);
    opened(await refund(admin, orderId));
    const reversalId = await failed();
    const preview = await world.get(
      admin,
      `/admin/actions/preview?action=written_off&subject=reversal/${reversalId}`,
    );
    expect(preview.body['preview']).toMatchObject({ amount: 45_000, needs_second_admin: true });
    awaited(await writeOff(admin, reversalId));
    const asked = { user_id: admin.id, name: 'own', scopes: ['admin'] };
    const { key } = (await world.post(admin, '/admin/api-keys', asked)).body as unknown as { key: string };
    awaited(await writeOff(null, reversalId, { 'x-api-key': key }));
    const list = { action: 'retry', stuck: { subjects: [`reversal/${reversalId}`] } };
    const { body } = await world.post(admin, '/admin/bulk/preview', list);
    expect(body['preview']).toMatchObject({ needs_second_admin: true });
    const fingerprint = body['preview']!['fingerprint'];
    awaited(await world.post(admin, '/admin/bulk', { ...list, fingerprint, reason: 'again' }));
    const other = await newAdmin();
    const free = await world.post(other, '/admin/bulk/preview', list);
    expect(free.body['preview']).toMatchObject({ needs_second_admin: false });
    const done = await world.post(other, '/admin/bulk', { ...list, fingerprint, reason: 'again' });
    expect(done.status, JSON.stringify(done.body)).toBe(200);
    // A list counts afterwards as its rows do.
    awaited(await refund(other, (await soldFor(10_000)).orderId));
  });

  it('a currency at a time', async () => {
    const admin = await newAdmin();
    opened(await refund(admin, (await soldFor(40_000)).orderId));
    opened(await refund(admin, (await soldFor(40_000, 'EUR')).orderId));
    awaited(await refund(admin, (await soldFor(10_001)).orderId));
    opened(await refund(admin, (await soldFor(10_000)).orderId));
  });

  it('the same again is the same money, and a day later it counts no more', async () => {
    const admin = await newAdmin();
    const { orderId } = await soldFor(40_000);
    const headers = { 'Idempotency-Key': `once-${orderId}` };
    const refundId = opened(await refund(admin, orderId, { reason: REASON }, headers));
    expect(opened(await refund(admin, orderId, { reason: REASON }, headers))).toBe(refundId);
    const later = (await soldFor(40_000)).orderId;
    awaited(await refund(admin, later));
    await world.database.sql`UPDATE decisions SET at = at - interval '24 hours' WHERE actor = ${admin.id}`;
    opened(await refund(admin, later));
  });
});

describe('an admin’s refund of somebody else’s order is an operator’s action', () => {
  it('without a reason: 422 that names it, and nothing is opened', async () => {
    const admin = await newAdmin();
    const { orderId } = await soldFor(10_000);
    for (const body of [{}, { reason: '' }, { reason: '  ' }, { reason: null }]) {
      const answer = await refund(admin, orderId, body);
      expect(codeOf(answer)).toEqual([422, 'validation_failed']);
      expect(answer.body['errors']![0]!['field']).toBe('reason');
    }
    expect(await refundsOf(world, orderId)).toEqual([]);
    expect((await world.order(orderId)).status).toBe('completed');
  });

  it('for a reason: opened with its line in the audit log, and settled as any other', async () => {
    const admin = await newAdmin();
    const { orderId } = await soldFor(10_000);
    const refundId = opened(await refund(admin, orderId, { amount: 4_000, reason: REASON }));
    expect(await world.finished(`refund/${refundId}`)).toEqual({ status: 'succeeded' });
    expect(await world.refund(refundId)).toMatchObject({ amountMinor: 4_000, requestedBy: admin.id });
    expect(await auditLogOf(world, `order/${orderId}`)).toMatchObject([
      {
        action: 'order.refund',
        actor: admin.id,
        reason: REASON,
        before: { status: 'completed' },
        after: { refundId, amountMinor: 4_000, currency: 'USD' },
      },
    ]);
    await expectCleanBooks(world);
  });

  it('of 50,000.00: it waits for a second admin, who has it opened once', async () => {
    const admin = await newAdmin();
    const { orderId } = await soldFor(5_000_000);
    const approvalId = awaited(await refund(admin, orderId));
    expect(await refundsOf(world, orderId)).toEqual([]);
    expect((await world.order(orderId)).status).toBe('completed');
    expect(codeOf(await approveAs(world, admin, approvalId))).toEqual([403, 'second_admin_required']);
    const agreed = await approveAs(world, second, approvalId, { reason: 'I read the mails' });
    expect(agreed.body['approval'], JSON.stringify(agreed.body)).toMatchObject({
      action: 'refund',
      subject: `order/${orderId}`,
      amount: 5_000_000,
      status: 'approved',
    });
    const [row, ...more] = await refundsOf(world, orderId);
    expect(more).toEqual([]);
    expect(await world.finished(`refund/${row!.id}`)).toEqual({ status: 'succeeded' });
    expect((await world.order(orderId)).status).toBe('refunded');
    expect(await auditLogOf(world, `order/${orderId}`)).toMatchObject([
      { action: 'approval.request refund', actor: admin.id, reason: REASON },
      { action: 'order.refund', actor: admin.id, reason: REASON },
      { action: 'approval.approve refund', actor: second.id, reason: 'I read the mails' },
    ]);
    await expectCleanBooks(world);
  });

  it('a part that waits is kept as it was asked for; another part gives way to it', async () => {
    const admin = await newAdmin();
    const { orderId } = await soldFor(200_000);
    const first = awaited(await refund(admin, orderId, { amount: 60_000, reason: REASON }));
    const other = awaited(await refund(admin, orderId, { amount: 70_000, reason: REASON }));
    expect(other).not.toBe(first);
    expect(codeOf(await approveAs(world, second, first))).toEqual([409, 'approval_ended']);
    expect((await approveAs(world, second, other)).status).toBe(200);
    expect(await refundsOf(world, orderId)).toMatchObject([{ amountMinor: 70_000 }]);
  });

  it('what the buyer was given back meanwhile is not given back again', async () => {
    const admin = await newAdmin();
    const { orderId, buyer } = await soldFor(60_000);
    const approvalId = awaited(await refund(admin, orderId));
    const own = opened(await refund(buyer, orderId, {}));
    expect(await world.finished(`refund/${own}`)).toEqual({ status: 'succeeded' });
    expect(codeOf(await approveAs(world, second, approvalId))).toEqual([409, 'approval_outdated']);
    expect(await refundsOf(world, orderId)).toHaveLength(1);
  });

  it('refusals come first, by their own names, and trouble nobody', async () => {
    const admin = await newAdmin();
    const { orderId, buyer } = await soldFor(60_000);
    expect(codeOf(await refund(admin, orderId, { amount: 60_001, reason: REASON }))).toEqual([
      400,
      'refund_amount_invalid',
    ]);
    world.psp.control.setRefundMode('manual');
    const pending = opened(await refund(buyer, orderId, { amount: 100 }));
    expect(codeOf(await refund(admin, orderId))).toEqual([400, 'refund_already_requested']);
    await adopted(world, pending);
    world.psp.control.setRefundMode('auto');
    world.psp.control.settleRefund(pending, 'succeeded');
    await world.finished(`refund/${pending}`);
    const nowhere = await refund(admin, '0198f2a4-5c7e-7d3a-9b1c-2f6e8a4d0c11');
    expect(codeOf(nowhere)).toEqual([404, 'order_not_found']);
  });

  it('the same key and body give the same answer, another body is refused', async () => {
    const admin = await newAdmin();
    const { orderId } = await soldFor(60_000);
    const headers = { 'Idempotency-Key': `large-${orderId}` };
    const body = { reason: REASON };
    const approvalId = awaited(await refund(admin, orderId, body, headers));
    expect(awaited(await refund(admin, orderId, body, headers))).toBe(approvalId);
    expect(codeOf(await refund(admin, orderId, { ...body, amount: 1 }, headers))).toEqual([
      422,
      'idempotency_key_reused',
    ]);
  });

  it('an admin who bought or sold on the order acts for themselves: no reason, and no more than anybody', async () => {
    const admin = await newAdmin();
    const shop = await openShop(world, { prices: [60_000, 60_000] });
    const { orderId } = await completedOrder(world, admin, shop.productIds);
    opened(await refund(admin, orderId, {}));
    expect(await auditLogOf(world, `order/${orderId}`)).toEqual([]);

    const { orderId: sold } = await completedOrder(world, shop.buyer, shop.productIds);
    await world.database.sql`UPDATE users SET role = 'admin' WHERE id = ${shop.seller.id}`;
    const refundId = opened(await refund(shop.seller, sold, {}));
    expect((await world.refund(refundId)).amountMinor).toBe(60_000);
  });

  it('by the actions of the console, the layer and the command line alike', async () => {
    const admin = await newAdmin();
    const { orderId } = await soldFor(20_000);
    const subject = `order/${orderId}`;
    const preview = await world.get(
      admin,
      `/admin/actions/preview?action=refund&subject=${subject}&amount=1000`,
    );
    expect(preview.body['preview']).toMatchObject({
      amount: 1_000,
      needs_second_admin: false,
      refusal: null,
    });
    const acted = await world.post(admin, '/admin/actions', {
      ...{ action: 'refund', subject, amount: 1_000, reason: REASON },
      seen: preview.body['preview']!['seen'],
    });
    expect(acted.status, JSON.stringify(acted.body)).toBe(200);
    expect(await world.finished(acted.body['done']!['now']!['subject']!)).toEqual({ status: 'succeeded' });

    const before = process.exitCode;
    const args = ['refund', orderId, '--amount', '2000', '--reason', REASON, '--json'];
    const ended = await runOps(args, { ...world.env, OPS_ACTOR: admin.id });
    process.exitCode = before;
    expect([ended.code, ended.stderr]).toEqual([0, '']);
    const { done } = JSON.parse(ended.stdout) as { done: { now: { subject: string } } };
    expect(await world.finished(done.now.subject)).toEqual({ status: 'succeeded' });

    const ask = { action: 'refund', subject, params: { amount: 3_000 } } as const;
    const performed = await performAction(operationsOf(world), ask, { actor: admin.id, reason: REASON });
    expect(performed).toMatchObject({ done: { now: { status: 'pending' } } });
    const amounts = (await refundsOf(world, orderId)).map(({ amountMinor }) => amountMinor);
    expect(amounts.toSorted((a, b) => a - b)).toEqual([1_000, 2_000, 3_000]);
    await expect(
      performAction(
        operationsOf(world),
        { ...ask, action: 'give_back' },
        { actor: admin.id, reason: REASON },
      ),
    ).rejects.toThrow(/validation_failed/);
  });
});
