import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { raiseFlag } from '../../db/kernel/raise-flag.ts';
import { WORK_KINDS } from '../../db/operators/work.ts';
import { auditLogOf, openFlags } from '../harness/read.ts';
import { refundedOrder } from '../harness/refunded.ts';
import { makePerson, openShop } from '../harness/shop.ts';
import { paidOrder, placedOrder, storedWebhook } from '../harness/stories.ts';
import { onTransfersTo, REFUSED, STRIPE_IS_DOWN } from '../harness/trouble.ts';
import { type Person, World } from '../harness/world.ts';
import { awaited, codeOf, failedReversal } from './support.ts';

describe('GET /admin/stuck: what is stuck, since when, how much money, why, what happens next, what may I do', () => {
  let world: World;
  let admin: Person;
  beforeAll(async () => {
    world = await World.create({
      env: {
        FOUR_EYES_ABOVE_MINOR: '20000',
        TRANSFER_RETRY_MAX_RETRIES: '0',
        REVERSAL_BACKOFF_BASE: '1h',
        REVERSAL_BACKOFF_MAX: '1h',
        TEMPORAL_UI_URL: 'http://127.0.0.1:8233/',
      },
    });
  });
  // What one admin decides on within a day counts together.
  beforeEach(async () => {
    admin = await makePerson(world, 'admin');
  });
  afterAll(() => world.close());

  async function stuck(query = '') {
    const answer = await world.get(admin, `/admin/stuck?older_than_minutes=0&limit=200${query}`);
    expect(answer.status, JSON.stringify(answer.body)).toBe(200);
    return answer.body;
  }
  async function rowOf(kind: string, subject: string) {
    const rows = (await stuck(`&kinds=${kind}`))['data']!;
    return rows.find((row) => row['subject'] === subject)!;
  }

  it('a reversal that waits: its last error, its next attempt, its retries, and a link', async () => {
    const { workflowId, reversal, orderId } = await refundedOrder(world, { troubles: [STRIPE_IS_DOWN] });
    await expect.poll(async () => (await rowOf('reversal', workflowId))['retry_count']).toBe(1);
    const row = await rowOf('reversal', workflowId);
    expect(row).toMatchObject({
      kind: 'reversal',
      id: reversal.id,
      order_id: orderId,
      status: 'pending',
      amount: 9_000,
      currency: 'USD',
      retry_count: 1,
      actions: [
        { action: 'retry', subject: workflowId },
        { action: 'give_up', subject: workflowId },
      ],
      workflow_url: `http://127.0.0.1:8233/namespaces/default/workflows/${encodeURIComponent(workflowId)}`,
    });
    expect(row['last_error']).toContain('503');
    expect(new Date(row['next_attempt_at']!).getTime()).toBeGreaterThan(Date.now());
    expect(row['next']).toContain('until its retries are exhausted');
    const body = await stuck('&kinds=reversal&currency=USD&min_amount=9000&error=503');
    expect(body['counts']).toMatchObject({ reversal: 1, transfer: 0 });
    expect(body['totals']).toMatchObject([
      { kind: 'reversal', count: 1, amounts: [{ amount: 9_000, currency: 'USD' }] },
    ]);
    expect((await stuck('&kinds=reversal&min_amount=9001'))['data']).toEqual([]);
    expect((await stuck('&kinds=reversal&error=no+such+thing'))['data']).toEqual([]);
  });

  it('what failed for good and nobody has dealt with, until somebody has', async () => {
    const { reversalId } = await failedReversal(world, 10_000);
    const subject = `reversal/${reversalId}`;
    expect(await rowOf('failed_reversal', subject)).toMatchObject({
      status: 'permanently_failed',
      amount: 9_000,
      actions: [{ action: 'retry' }, { action: 'settled_outside' }, { action: 'written_off' }],
    });
    await world.post(admin, '/admin/actions', { action: 'settled_outside', subject, reason: 'by bank' });
    expect(await rowOf('failed_reversal', subject)).toBeUndefined();

    const shop = await openShop(world);
    onTransfersTo(world, shop.seller.accountId, REFUSED);
    const orderId = await paidOrder(world, shop.buyer, shop.productIds);
    const [transfer] = await world.transfersOf(orderId);
    await world.finished(`transfer/${transfer!.id}`);
    const failed = await rowOf('failed_transfer', `transfer/${transfer!.id}`);
    expect(failed).toMatchObject({
      amount: 9_000,
      actions: [{ action: 'retry' }, { action: 'settled_outside' }, { action: 'written_off' }],
    });
    expect(failed['next']).toContain('the seller has not got the money');
    const retried = await world.post(admin, '/admin/actions', {
      ...(failed['actions']![0] as object),
      reason: 'they corrected their account',
    });
    await world.finished(retried.body['done']!['now']!['subject']!);
    expect(await rowOf('failed_transfer', `transfer/${transfer!.id}`)).toBeUndefined();
  });

  it('a transfer that waits for its seller says for what', async () => {
    const shop = await openShop(world, { connected: false });
    const orderId = await paidOrder(world, shop.buyer, shop.productIds);
    const [transfer] = await world.transfersOf(orderId);
    const subject = `transfer/${transfer!.id}`;
    await expect.poll(async () => (await rowOf('transfer', subject))['waiting_for']).toBe('stripe_account');
    expect((await rowOf('transfer', subject))['next']).toContain('connected a Stripe account');
  });

  it('unpaid orders, unmatched webhooks, and what waits for a second admin', async () => {
    const shop = await openShop(world);
    const orderId = await placedOrder(world, shop.buyer, shop.productIds);
    expect(await rowOf('order', `order/${orderId}`)).toMatchObject({ amount: 10_000, actions: [] });
    const unmatched = { outcome: 'unmatched', processedAt: new Date() } as const;
    const webhookId = await storedWebhook(world, { ...unmatched, error: 'we know no such refund' });
    expect(await rowOf('webhook', webhookId)).toMatchObject({
      last_error: 'we know no such refund',
      actions: [{ action: 'replay_webhook', subject: `webhook/${webhookId}` }],
      workflow_url: null,
    });
    const { reversalId } = await failedReversal(world, 30_000);
    const subject = `reversal/${reversalId}`;
    const approvalId = awaited(
      await world.post(admin, '/admin/actions', { action: 'written_off', subject, reason: 'gone' }),
    );
    expect(await rowOf('approval', subject)).toMatchObject({
      id: approvalId,
      amount: 27_000,
      last_error: 'gone',
    });
  });

  it('a flag is cleared by whoever has looked, with a reason, once', async () => {
    const orderId = uuidv7();
    await raiseFlag(world.database.db, 'dispute_opened', `order/${orderId}`, 'the buyer disputes it');
    const row = await rowOf('flag', `order/${orderId}`);
    expect(row).toMatchObject({ status: 'dispute_opened', last_error: 'the buyer disputes it' });
    const ask = row['actions']![0]!;
    expect(ask).toEqual({ action: 'clear_flag', subject: `flag/${row.id}` });
    const clear = () =>
      world.post(admin, '/admin/actions', { ...(ask as object), reason: 'evidence was sent' });
    expect((await clear()).status).toBe(200);
    expect(codeOf(await clear())).toEqual([409, 'flag_not_open']);
    expect(await openFlags(world, 'dispute_opened', `order/${orderId}`)).toHaveLength(0);
    expect(await auditLogOf(world, `order/${orderId}`)).toMatchObject([
      { action: 'flag.clear', actor: admin.id, reason: 'evidence was sent' },
    ]);
  });

  it('the flag of a settlement file is not cleared from the list, which would hide its open exceptions', async () => {
    const statement = `statement/${uuidv7()}`;
    await raiseFlag(world.database.db, 'statement_exceptions', statement, '2 exceptions in a file');
    const row = await rowOf('flag', statement);
    expect(row).toMatchObject({ status: 'statement_exceptions', actions: [] });
    expect(row['next']).toContain('resolved each of its exceptions');
  });

  it('counts every kind, and refuses one that it does not know', async () => {
    expect(Object.keys((await stuck())['counts']!)).toEqual([...WORK_KINDS]);
    const odd = await world.get(admin, '/admin/stuck?kinds=reversal,lost');
    expect([odd.status, odd.body['errors']![0]!['field']]).toEqual([422, 'kinds']);
  });

  describe('giving up, by an operator', () => {
    it('previews, gives up, and the reversal ends for a person to settle', async () => {
      const { workflowId, reversal } = await refundedOrder(world, { troubles: [STRIPE_IS_DOWN] });
      await expect.poll(async () => (await rowOf('reversal', workflowId))['retry_count']).toBe(1);
      const query = `action=give_up&subject=${encodeURIComponent(workflowId)}`;
      const { body } = await world.get(admin, `/admin/actions/preview?${query}`);
      const preview = body['preview']!;
      expect(preview).toMatchObject({
        status_now: 'pending',
        amount: 9_000,
        currency: 'USD',
        needs_second_admin: false,
        refusal: null,
      });
      expect(preview['effect']).toContain('looks at Stripe once more');
      expect(await auditLogOf(world, workflowId)).toEqual([]);
      const ask = { action: 'give_up', subject: workflowId, reason: 'the seller has left' };
      const stale = await world.post(admin, '/admin/actions', { ...ask, seen: 'something else' });
      expect(codeOf(stale)).toEqual([409, 'preview_outdated']);
      const done = await world.post(admin, '/admin/actions', { ...ask, seen: preview['seen'] });
      expect(done.status, JSON.stringify(done.body)).toBe(200);
      expect(await world.finished(workflowId)).toEqual({ status: 'permanently_failed' });
      expect(await auditLogOf(world, workflowId)).toMatchObject([
        { action: 'reversal.give_up', actor: admin.id, reason: 'the seller has left' },
      ]);
      expect(codeOf(await world.post(admin, '/admin/actions', ask))).toEqual([409, 'reversal_not_open']);
      const late = await world.get(admin, `/admin/actions/preview?${query}`);
      expect(late.body['preview']).toMatchObject({
        effect: null,
        refusal: { code: 'reversal_not_open' },
        status_now: 'permanently_failed',
      });
      expect(reversal.id).toBe(workflowId.slice('reversal/'.length));
    });

    it('knows no action on what has none, and nothing of what is not there', async () => {
      const preview = (action: string, subject: string) =>
        world.get(admin, `/admin/actions/preview?action=${action}&subject=${encodeURIComponent(subject)}`);
      expect(codeOf(await preview('give_up', `transfer/${uuidv7()}`))).toEqual([422, 'action_unknown']);
      expect(codeOf(await preview('retry', 'nonsense'))).toEqual([422, 'action_unknown']);
      expect(codeOf(await preview('retry', `transfer/${uuidv7()}`))).toEqual([404, 'transfer_not_found']);
      expect(codeOf(await preview('retry', `payout/${uuidv7()}`))).toEqual([404, 'payout_not_found']);
      expect(codeOf(await preview('clear_flag', `flag/${uuidv7()}`))).toEqual([404, 'flag_not_found']);
    });
  });
});
