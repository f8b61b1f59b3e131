import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { previewBulk, performBulk } from '../../operations/bulk.ts';
import { expectCleanBooks } from '../harness/books.ts';
import { auditLogOf } from '../harness/read.ts';
import { storedWebhook } from '../harness/stories.ts';
import { makePerson, openShop, type Shop } from '../harness/shop.ts';
import type { Person, World } from '../harness/world.ts';
import {
  approvalOf,
  approveAs,
  awaited,
  codeOf,
  failedReversalIn,
  failedReversalsIn,
  openOffice,
  operationsOf,
  successorsOf,
} from './support.ts';

// A shop a test: its reversals are told apart from the others' by their seller.

describe('an action on a filtered list', () => {
  let world: World;
  let first: Person;
  let second: Person;
  beforeAll(async () => {
    ({ world, first, second } = await openOffice());
  });
  // What one admin decides on within a day counts together.
  beforeEach(async () => {
    first = await makePerson(world, 'admin');
  });
  afterAll(() => world.close());

  const failed = ({ seller }: Shop) => ({ stuck: { kinds: ['failed_reversal'], seller_id: seller.id } });
  async function previewOf(ask: object) {
    const answer = await world.post(first, '/admin/bulk/preview', ask);
    expect(answer.status, JSON.stringify(answer.body)).toBe(200);
    return answer.body['preview']!;
  }
  const perform = (ask: object, fingerprint: string, headers?: Record<string, string>) =>
    world.post(first, '/admin/bulk', { ...ask, fingerprint, reason: 'Stripe is back' }, headers);

  it('retries what failed for good in an outage: all of it, each audited, once', async () => {
    const shop = await openShop(world);
    const ids = (await failedReversalsIn(world, shop, 2)).map(({ reversalId }) => reversalId);
    const ask = { action: 'retry', ...failed(shop) };
    const preview = await previewOf(ask);
    expect(preview).toMatchObject({
      count: 2,
      has_more: false,
      totals: [{ amount: 18_000, currency: 'USD' }],
      needs_second_admin: false,
      rows: ids.map((id) => ({ subject: `reversal/${id}`, status: 'permanently_failed', amount: 9_000 })),
    });
    const headers = { 'Idempotency-Key': uuidv7() };
    const done = await perform(ask, preview['fingerprint']!, headers);
    expect(done.status, JSON.stringify(done.body)).toBe(200);
    expect(done.body['done']).toMatchObject({ count: 2, told: { 'It is on its way.': 2 } });
    const repeated = await perform(ask, preview['fingerprint']!, headers);
    expect(repeated.body['done']).toMatchObject({ count: 2 });
    const successors = await successorsOf(world, ids);
    expect(successors).toHaveLength(2);
    for (const id of successors)
      expect(await world.finished(`reversal/${id}`)).toEqual({ status: 'reversed' });
    for (const id of ids) {
      expect(await auditLogOf(world, `reversal/${id}`)).toMatchObject([
        { action: 'reversal.retry', actor: first.id, reason: 'Stripe is back' },
      ]);
    }
    await expectCleanBooks(world);
  });

  it('is refused where a row has joined the list since it was shown, and nothing is done', async () => {
    const shop = await openShop(world);
    const { reversalId } = await failedReversalIn(world, shop);
    const ask = { action: 'retry', ...failed(shop) };
    const preview = await previewOf(ask);
    await failedReversalIn(world, shop);
    const refused = await perform(ask, preview['fingerprint']!);
    expect(codeOf(refused)).toEqual([409, 'list_changed']);
    expect(refused.body).toMatchObject({ count_now: 2 });
    expect(await successorsOf(world, [reversalId])).toHaveLength(0);
  });

  it('is refused where a row has left the list, or its amount has changed', async () => {
    const shop = await openShop(world);
    const { reversalId } = await failedReversalIn(world, shop);
    await failedReversalIn(world, shop);
    const ask = { action: 'retry', ...failed(shop) };
    const shown = await previewOf(ask);
    const sql = world.database.sql;
    await sql`UPDATE transfer_reversals SET covered_minor = 1 WHERE id = ${reversalId}`;
    expect(codeOf(await perform(ask, shown['fingerprint']!))).toEqual([409, 'list_changed']);
    await sql`UPDATE transfer_reversals SET covered_minor = 0 WHERE id = ${reversalId}`;
    const resolved = await world.post(first, '/admin/actions', {
      action: 'written_off',
      subject: `reversal/${reversalId}`,
      reason: 'gone',
    });
    expect(resolved.body['done']).toEqual({
      now: { subject: `reversal/${reversalId}`, status: 'written_off' },
      note: null,
    });
    expect(codeOf(await perform(ask, shown['fingerprint']!))).toEqual([409, 'list_changed']);
    expect((await previewOf(ask))['count']).toBe(1);
  });

  it('takes its locks in the order of ids, whatever the order of the list', async () => {
    const shop = await openShop(world);
    const failures = await failedReversalsIn(world, shop, 2);
    const transferIds = failures.map(({ transfer }) => transfer.id).toSorted();
    const [lower, higher] = transferIds;
    // The list is in the order of age: the row of the higher transfer is made the older one.
    const older = failures.find(({ transfer }) => transfer.id === higher)!;
    const { sql } = world.database;
    await sql`UPDATE transfer_reversals SET ended_at = now() - interval '1 day' WHERE id = ${older.reversalId}`;
    const ask = { action: 'retry', ...failed(shop) };
    const preview = await previewOf(ask);
    expect(preview['rows']![0]!['subject']).toBe(`reversal/${older.reversalId}`);
    let acting: ReturnType<typeof perform> | undefined;
    // As a settlement does: the lower transfer first, then the higher. A list that held the higher would deadlock.
    await sql.begin(async (tx) => {
      await tx`SELECT 1 FROM seller_transfers WHERE id = ${lower!} FOR NO KEY UPDATE`;
      acting = perform(ask, preview['fingerprint']!);
      const [me] = await tx<{ pid: number }[]>`SELECT pg_backend_pid() AS pid`;
      await expect
        .poll(() => sql`SELECT 1 FROM pg_stat_activity WHERE ${me!.pid}::int = ANY (pg_blocking_pids(pid))`)
        .toHaveLength(1);
      await tx`SELECT 1 FROM seller_transfers WHERE id = ${higher!} FOR NO KEY UPDATE`;
    });
    expect((await acting!).status).toBe(200);
    for (const id of await successorsOf(
      world,
      failures.map(({ reversalId }) => reversalId),
    ))
      await world.finished(`reversal/${id}`);
  });

  it('an empty list is refused by name', async () => {
    const shop = await openShop(world);
    const ask = { action: 'retry', ...failed(shop) };
    const preview = await previewOf(ask);
    expect(preview['count']).toBe(0);
    expect(codeOf(await perform(ask, preview['fingerprint']!))).toEqual([409, 'list_empty']);
    const both = await world.post(first, '/admin/bulk/preview', { action: 'retry' });
    expect(codeOf(both)).toEqual([422, 'validation_failed']);
  });

  it('the sum counts: above the threshold a second admin agrees, and the list is compared again', async () => {
    const shop = await openShop(world);
    const ids = (await failedReversalsIn(world, shop, 3)).map(({ reversalId }) => reversalId);
    const ask = { action: 'retry', ...failed(shop) };
    const preview = await previewOf(ask);
    expect(preview).toMatchObject({ needs_second_admin: true, totals: [{ amount: 27_000 }] });
    const approvalId = awaited(await perform(ask, preview['fingerprint']!));
    expect(await successorsOf(world, ids)).toHaveLength(0);
    // Whoever agrees sees to what.
    const shown = await approvalOf(world, second, approvalId);
    expect(shown['list']).toMatchObject({ count: 3, totals: [{ amount: 27_000, currency: 'USD' }] });
    expect([...shown['list']!['subjects']!].toSorted()).toEqual(ids.map((id) => `reversal/${id}`).toSorted());
    // One more that nobody asked for changes nothing of what was.
    await failedReversalIn(world, shop);
    const agreed = await approveAs(world, second, approvalId);
    expect(agreed.status, JSON.stringify(agreed.body)).toBe(200);
    expect(agreed.body['note']).toBe('3: It is on its way.');
    const successors = await successorsOf(world, ids);
    expect(successors).toHaveLength(3);
    for (const id of successors) await world.finished(`reversal/${id}`);

    const again = await previewOf(ask);
    expect(again['count']).toBe(1);
    await expectCleanBooks(world);
  });

  it('the sum counts: what has changed until the second admin agrees is refused, and nothing is done', async () => {
    const shop = await openShop(world);
    const ids = (await failedReversalsIn(world, shop, 3)).map(({ reversalId }) => reversalId);
    const ask = { action: 'retry', ...failed(shop) };
    const approvalId = awaited(await perform(ask, (await previewOf(ask))['fingerprint']!));
    await world.post(first, `/admin/reversals/${ids[1]}/retry`, { reason: 'just this one' });
    expect(codeOf(await approveAs(world, second, approvalId))).toEqual([409, 'approval_outdated']);
    expect(await successorsOf(world, ids)).toHaveLength(1);
  });

  it('holds for the console and the command line: the layer itself compares and asks', async () => {
    const shop = await openShop(world);
    const { reversalId } = await failedReversalIn(world, shop);
    const deps = operationsOf(world);
    const stuck = { olderThanMinutes: 0, subjects: [`reversal/${reversalId}`] };
    const ask = { action: 'retry', filter: { stuck } } as const;
    const act = { actor: first.id, reason: 'by hand' };
    await expect(performBulk(deps, ask, 'as it never was', act)).rejects.toMatchObject({
      code: 'list_changed',
    });
    const { fingerprint } = await previewBulk(deps, ask, first.id);
    const seen: number[] = [];
    const performed = await performBulk(deps, ask, fingerprint, act, (done) => seen.push(done));
    expect(performed).toMatchObject({ done: { count: 1, told: { 'It is on its way.': 1 } } });
    expect(seen).toEqual([1]);
    const [successor] = await successorsOf(world, [reversalId]);
    expect(await world.finished(`reversal/${successor}`)).toEqual({ status: 'reversed' });
  });

  describe('replaying many webhooks', () => {
    const stored = (outcome: 'unmatched' | 'ignored') =>
      storedWebhook(world, { outcome, processedAt: new Date() });

    it('by outcome, and by ids: each is audited', async () => {
      const ids = [await stored('unmatched'), await stored('unmatched')];
      const other = await stored('ignored');
      const ask = { action: 'replay_webhook', webhooks: { outcome: 'unmatched' } };
      const preview = await previewOf(ask);
      expect(preview).toMatchObject({ count: 2, totals: [], needs_second_admin: false });
      const done = await perform(ask, preview['fingerprint']!);
      expect(done.body['done']!['count']).toBe(2);
      for (const id of ids) {
        expect(await auditLogOf(world, id)).toMatchObject([
          { action: 'webhook.replay', actor: first.id, reason: 'Stripe is back' },
        ]);
      }
      expect(await auditLogOf(world, other)).toHaveLength(0);
      const named = { action: 'replay_webhook', webhooks: { ids: [other] } };
      const answer = await perform(named, (await previewOf(named))['fingerprint']!);
      expect(answer.body['done']!['count']).toBe(1);
      expect(await auditLogOf(world, other)).toHaveLength(1);
    });
  });
});
