import { v7 as uuidv7 } from 'uuid';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { users } from '../../db/accounts/schema.ts';
import { webhookEvents } from '../../db/webhooks/schema.ts';
import { expectCleanBooks, posted, postings } from '../harness/books.ts';
import { flagsOf, historyText, licensesOf, pictureOf, statusShown, workflowStatus } from '../harness/read.ts';
import { type Catalog, openCatalog } from '../harness/shop.ts';
import { adopted, delivered, eventually } from '../harness/wait.ts';
import { completedOrder, openedRefund, paidOrder, settledRefund } from '../harness/stories.ts';
import { NOT_THERE, onReversalsOf } from '../harness/trouble.ts';
import { World } from '../harness/world.ts';

describe('a refund, phase 3: the webhook', () => {
  let world: World;
  let people: Catalog;
  beforeAll(async () => {
    world = await World.create();
    people = await openCatalog(world);
    world.psp.control.setRefundMode('manual');
  });
  afterEach(async () => {
    world.psp.control.clearFaults();
    world.stripe.control.clearFaults();
    await expectCleanBooks(world);
  });
  afterAll(() => world.close());

  /** A refund that the PSP has and whose webhook has not come. */
  async function waitingRefund(...positions: number[]) {
    const { orderId } = await completedOrder(
      world,
      people.buyer,
      positions.map((position) => people.products[position]!.id),
    );
    const refundId = await openedRefund(world, people.buyer, orderId);
    await adopted(world, refundId);
    return { orderId, refundId };
  }

  async function reversed(refundId: string) {
    for (const reversal of await world.reversalsOf(refundId)) await world.finished(`reversal/${reversal.id}`);
    return world.reversalsOf(refundId);
  }

  async function settle(refundId: string, status: 'succeeded' | 'failed' = 'succeeded', message?: string) {
    world.psp.control.settleRefund(refundId, status, message);
    return world.finished(`refund/${refundId}`);
  }

  /** The PSP's refund webhook, in its real shape. */
  const event = (refundId: string, status: string, more: object = {}) => ({
    merchant_id: 'merchant_1',
    event_id: `evt_${uuidv7()}`,
    event_type: `refund_${status}`,
    content: {
      type: 'refund_details',
      object: { refund_id: refundId, amount: 2_500, currency: 'EUR', status, error_message: null, ...more },
    },
    timestamp: new Date().toISOString(),
  });
  const send = (body: object) => world.psp.control.sendWebhook(JSON.stringify(body));
  const storedAs = async (eventId: string) =>
    (await world.database.db.select().from(webhookEvents)).find((row) => row.eventId === eventId);

  it('success finalises everything in one transaction', async () => {
    const { orderId, refundId } = await waitingRefund(0, 2);
    world.stripe.control.addFault({
      kind: 'latency',
      delayMs: 500,
      match: 'transfers.createReversal',
      times: 2,
    });
    expect(await settle(refundId)).toEqual({ status: 'succeeded' });
    const [one] = await world.database.sql<Record<string, string>[]>`
      SELECT o.xmin::text AS "order", r.xmin::text AS refund,
        (SELECT string_agg(DISTINCT l.xmin::text, ',') FROM licenses l JOIN order_items i ON i.id = l.order_item_id
         WHERE i.order_id = o.id) AS licenses,
        (SELECT string_agg(DISTINCT e.xmin::text, ',') FROM ledger_entries e WHERE e.of_id = r.id
           AND e.kind = 'refund_succeeded') AS entries,
        (SELECT string_agg(DISTINCT a.xmin::text, ',') FROM refund_allocations a WHERE a.refund_id = r.id) AS allocations
      FROM orders o JOIN refunds r ON r.order_id = o.id WHERE r.id = ${refundId}`;
    expect(new Set(Object.values(one!)), JSON.stringify(one)).toHaveLength(1);
    // The reversals' rows change again at once; their creation carries the time of the same transaction.
    const [times] = await world.database.sql`
      SELECT count(DISTINCT t)::int AS count FROM (
        SELECT created_at AS t FROM ledger_entries WHERE of_id = ${refundId} AND kind = 'refund_succeeded'
        UNION ALL SELECT created_at FROM transfer_reversals WHERE refund_id = ${refundId}) AS all_times`;
    expect(times).toEqual({ count: 1 });

    const refund = await world.refund(refundId);
    expect(refund).toMatchObject({ status: 'succeeded', excessMinor: 0, failedAt: null });
    expect(refund.succeededAt).toBeInstanceOf(Date);
    expect(await world.order(orderId)).toMatchObject({ status: 'refunded', refundedMinor: 14_500 });
    for (const license of await licensesOf(world, orderId)) expect(license.revokedAt).toBeInstanceOf(Date);
    const [mine] = await world.database.sql`
      SELECT coalesce(sum(amount_minor), 0)::int AS sum FROM ledger_entries
      WHERE of_id = ${refundId} AND account = 'cash:psp' AND kind = 'refund_succeeded'`;
    expect(mine).toEqual({ sum: -14_500 });
    const reversals = await reversed(refundId);
    expect(reversals.map((row) => [row.status, row.amountMinor]).toSorted()).toEqual([
      ['reversed', 10_800],
      ['reversed', 2_250],
    ]);
    expect((await world.transfersOf(orderId)).map((transfer) => transfer.status)).toEqual([
      'reversed',
      'reversed',
    ]);
    // Nothing of this order is left anywhere.
    for (const account of ['cash:psp', 'platform:revenue', `cash:connected:${people.ada.id}`]) {
      expect(await posted(world, orderId, account), account).toBe(0);
    }
  });

  it('success finalises everything or nothing: what fails in the middle is done again whole', async () => {
    const { orderId, refundId } = await waitingRefund(0);
    const before = await pictureOf(world, orderId);
    await world.database.sql.unsafe(`
      CREATE SEQUENCE refusals;
      CREATE FUNCTION refuse_reversal() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN PERFORM nextval('refusals'); RAISE EXCEPTION 'not now'; END $$;
      CREATE TRIGGER refuse_reversal BEFORE INSERT ON transfer_reversals
        FOR EACH ROW EXECUTE FUNCTION refuse_reversal();`);
    world.psp.control.settleRefund(refundId, 'succeeded');
    await delivered(world, refundId, 'refund_succeeded');
    // A sequence does not roll back with the transaction that used it.
    await eventually(async () => {
      const [tried] = await world.database.sql`SELECT last_value::int AS times FROM refusals`;
      expect(tried!['times']).toBeGreaterThanOrEqual(2);
    });
    expect(await pictureOf(world, orderId)).toEqual(before);
    await world.database.sql`DROP TRIGGER refuse_reversal ON transfer_reversals`;
    expect(await world.finished(`refund/${refundId}`)).toEqual({ status: 'succeeded' });
    expect(await postings(world, orderId, 'refund_succeeded')).toBe(1);
    expect(await reversed(refundId)).toMatchObject([{ status: 'reversed' }]);
  });

  it('failure restores', async () => {
    const { orderId, refundId } = await waitingRefund(0);
    expect(await settle(refundId, 'failed', 'The bank said no.')).toEqual({
      status: 'failed',
      reason: 'its row says why',
    });
    expect(await world.refund(refundId)).toMatchObject({
      status: 'failed',
      errorMessage: 'The bank said no.',
      succeededAt: null,
    });
    expect(await world.order(orderId)).toMatchObject({ status: 'completed', refundedMinor: 0 });
    expect((await licensesOf(world, orderId))[0]!.revokedAt).toBeNull();
    expect(await world.reversalsOf(refundId)).toEqual([]);
    const again = await openedRefund(world, people.buyer, orderId);
    await adopted(world, again);
    await settle(again);
    expect((await world.order(orderId)).status).toBe('refunded');
    await reversed(again);
  });

  it('replayed webhook', async () => {
    const { orderId, refundId } = await waitingRefund(0);
    await settle(refundId);
    await reversed(refundId);
    const before = await pictureOf(world, orderId);
    const { eventId } = await delivered(world, refundId, 'refund_succeeded');
    for (let replay = 0; replay < 3; replay += 1) {
      const delivery = await world.psp.control.redeliver(eventId);
      expect(delivery.attempts.at(-1)).toMatchObject({ status: 200 });
    }
    // The same word under another event's id reaches the workflow's code again.
    const sent = event(refundId, 'succeeded');
    expect((await send(sent)).status).toBe(200);
    expect(await world.finished(`refund/${refundId}`)).toEqual({ status: 'succeeded' });
    expect(await storedAs(sent.event_id)).toMatchObject({ outcome: 'signalled' });
    expect(await pictureOf(world, orderId)).toEqual(before);
  });

  it('unknown refund id → 200, stored', async () => {
    const sent = event(uuidv7(), 'succeeded', { payment_id: uuidv7() });
    const answer = await send(sent);
    expect([answer.status, JSON.parse(answer.body)]).toEqual([200, { received: true, outcome: 'unmatched' }]);
    expect(await storedAs(sent.event_id)).toMatchObject({ outcome: 'unmatched', type: 'refund_succeeded' });
    const listed = await world.get(people.admin, '/admin/webhooks?outcome=unmatched');
    expect(JSON.stringify(listed.body)).toContain(sent.event_id);
  });

  it('missing refund id → 400', async () => {
    const sent = event('', 'succeeded', { refund_id: undefined });
    const answer = await send(sent);
    expect(answer.status).toBe(400);
    expect(JSON.parse(answer.body)).toMatchObject({
      code: 'webhook_malformed',
      reason: 'refund_without_id',
    });
    expect(await storedAs(sent.event_id)).toBeUndefined();
  });

  it.each(['pending', 'review', 'manual_review', 'processing'])(
    'non-terminal ignored: %s',
    async (status) => {
      const { orderId, refundId } = await waitingRefund(0);
      const before = await pictureOf(world, orderId);
      const sent = event(refundId, status, { error_message: 'Something went wrong at the connector' });
      const answer = await send(sent);
      expect([answer.status, JSON.parse(answer.body)]).toEqual([200, { received: true, outcome: 'ignored' }]);
      expect(await storedAs(sent.event_id)).toMatchObject({ outcome: 'ignored' });
      expect(await pictureOf(world, orderId)).toEqual(before);
      expect(await workflowStatus(world, `refund/${refundId}`)).toBe('RUNNING');
      await settle(refundId);
      await reversed(refundId);
    },
  );

  it('a signal that no handler takes is recorded and flagged, and the refund goes on', async () => {
    const { orderId, refundId } = await waitingRefund(0);
    const workflowId = `refund/${refundId}`;
    await world.temporal.workflow.getHandle(workflowId).signal('fromTheFuture', { at: 'last' });
    expect(await settle(refundId)).toEqual({ status: 'succeeded' });
    expect(await flagsOf(world, workflowId)).toEqual(['unknown_signal']);
    expect((await world.order(orderId)).status).toBe('refunded');
    await reversed(refundId);
  });

  it('a failing word after success is recorded and flagged, and changes nothing', async () => {
    const { orderId, refundId } = await waitingRefund(0);
    await settle(refundId);
    await reversed(refundId);
    const before = await pictureOf(world, orderId);
    await settle(refundId, 'failed', 'returned by the bank');
    await eventually(async () =>
      expect(await flagsOf(world, `refund/${refundId}`)).toEqual(['failed_after_succeeded']),
    );
    await world.finished(`refund/${refundId}`);
    expect(await pictureOf(world, orderId)).toEqual(before);
  });

  it('told of a failure and then of success before it ends: lists show what it came to', async () => {
    const { orderId, refundId } = await waitingRefund(0);
    await world.stopWorker();
    world.psp.control.settleRefund(refundId, 'failed', 'no');
    await delivered(world, refundId, 'refund_failed');
    world.psp.control.settleRefund(refundId, 'succeeded');
    await delivered(world, refundId, 'refund_succeeded');
    await world.startWorker();
    const handle = world.temporal.workflow.getHandle(`refund/${refundId}`);
    expect(await handle.result()).toEqual({ status: 'succeeded' });
    expect((await world.order(orderId)).status).toBe('refunded');
    await reversed(refundId);
    // One run has shown both, in this order.
    const { events } = await handle.fetchHistory();
    const shown = events!.flatMap(({ upsertWorkflowSearchAttributesEventAttributes: upsert }) => {
      const status = upsert?.searchAttributes?.indexedFields?.['VezaStatus']?.data;
      return status ? [JSON.parse(Buffer.from(status).toString()) as unknown] : [];
    });
    expect(shown).toEqual(['failed', 'succeeded']);
    expect(await statusShown(world, `refund/${refundId}`)).toBe('succeeded');
  });

  it('the buyer never waits for Stripe: the refund completes while the reversal cannot', async () => {
    const { orderId, refundId } = await waitingRefund(0);
    const outage = world.stripe.control.addFault({ kind: 'status', status: 503, times: 'always' });
    expect(await settle(refundId)).toEqual({ status: 'succeeded' });
    expect((await world.order(orderId)).status).toBe('refunded');
    const [reversal] = await world.reversalsOf(refundId);
    expect(reversal!.status).toBe('pending');
    world.stripe.control.clearFaults(outage);
    await reversed(refundId);
  });

  it('the seller’s own refund touches only their items', async () => {
    const { orderId, transfers } = await completedOrder(world, people.buyer, [
      people.products[0]!.id,
      people.products[1]!.id,
      people.products[2]!.id,
    ]);
    const refundId = await openedRefund(world, people.ada, orderId);
    await adopted(world, refundId);
    expect(await world.refund(refundId)).toMatchObject({ amountMinor: 7_490, byItems: true });
    await settle(refundId);
    await reversed(refundId);
    expect(await world.order(orderId)).toMatchObject({ status: 'partially_refunded', refundedMinor: 7_490 });
    const revoked = (await licensesOf(world, orderId)).map((license) => [
      license.sellerId === people.ada.id,
      license.revokedAt !== null,
    ]);
    expect(revoked).toEqual([
      [true, true],
      [true, true],
      [false, false],
    ]);
    const bens = transfers.find((transfer) => transfer.sellerId === people.ben.id)!;
    const after = await world.transfersOf(orderId);
    expect(after.find((transfer) => transfer.id === bens.id)).toEqual(bens);
    expect(after.find((transfer) => transfer.id !== bens.id)!.status).toBe('reversed');
    const again = await world.post(people.ada, `/marketplace/orders/${orderId}/refund`, {});
    expect(again.body).toMatchObject({ status: 400, code: 'order_not_refundable' });
    // What is left is still the buyer's to ask for.
    const rest = await openedRefund(world, people.buyer, orderId);
    await adopted(world, rest);
    await settle(rest);
    await reversed(rest);
    expect(await world.order(orderId)).toMatchObject({ status: 'refunded', refundedMinor: 19_490 });
  });

  it.each([
    ['the other seller’s item', 2],
    ['an item of another order', null],
  ])('the seller cannot name %s', async (_, position) => {
    const orderId = await paidOrder(world, people.buyer, [people.products[0]!.id, people.products[2]!.id]);
    const items = (await world.get(people.buyer, `/marketplace/orders/${orderId}`)).body['order']!['items']!;
    const named: string = position === null ? uuidv7() : items[1]!['id']!;
    const answer = await world.post(people.ada, `/marketplace/orders/${orderId}/refund`, { items: [named] });
    expect(answer.body).toMatchObject({ status: 400, code: 'refund_amount_invalid' });
    for (const transfer of await world.transfersOf(orderId)) await world.finished(`transfer/${transfer.id}`);
  });

  it('no personal data and no secret is in any history', async () => {
    world.psp.control.setRefundMode('auto');
    const { orderId, transfers } = await completedOrder(world, people.buyer, [people.products[0]!.id]);
    // The reversal fails for good within the refund's workflow, so both histories tell of it.
    onReversalsOf(world, transfers[0]!.stripeTransferId!, NOT_THERE);
    const { refundId, reversals } = await settledRefund(world, people.buyer, orderId);
    world.psp.control.setRefundMode('manual');
    const { paymentClientSecret } = await world.order(orderId);
    const workflowIds = [
      `order/${orderId}`,
      `refund/${refundId}`,
      ...transfers.map((transfer) => `transfer/${transfer.id}`),
      ...reversals.map((reversal) => `reversal/${reversal.id}`),
    ];
    expect(workflowIds).toHaveLength(4);
    expect(paymentClientSecret).toBeTruthy();
    const emails = await world.database.db.select({ email: users.email }).from(users);
    expect(emails.length).toBeGreaterThan(0);
    for (const workflowId of workflowIds) {
      const text = await historyText(world, workflowId);
      // Payloads are read, not only what frames them.
      expect(text, workflowId).toMatch(/\{\\"(orderId|refundId|transferId|reversalId)\\":/);
      for (const { email } of emails) expect(text, workflowId).not.toContain(email);
      expect(text, workflowId).not.toContain(paymentClientSecret);
    }
  });
});
