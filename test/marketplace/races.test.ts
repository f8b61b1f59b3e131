import { setTimeout as sleep } from 'node:timers/promises';
import { and, eq, isNull } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { beforeAll, describe, expect, test } from 'vitest';
import { checkBooks } from '../../db/invariants/index.ts';
import type { DatabaseWithSql } from '../../sandbox/database.ts';
import { completeTransfer } from '../../db/marketplace/transfers/complete.ts';
import { askReversal } from '../../db/marketplace/reversals/ask.ts';
import { completeReversal } from '../../db/marketplace/reversals/complete.ts';
import { flagAfterAll } from '../../db/marketplace/reversals/flag-after-all.ts';
import { opsFlags } from '../../db/kernel/schema.ts';
import { webhookEvents } from '../../db/webhooks/schema.ts';
import { askTransfer } from '../../db/marketplace/transfers/ask.ts';
import { giveUpTransfer } from '../../db/marketplace/transfers/postpone.ts';
import { requestTransferRetry } from '../../db/marketplace/transfers/request-retry.ts';
import { settleRefund } from '../../db/marketplace/refunds/settle.ts';
import { PURCHASES, ownDatabase, type Story, storyOn } from './verbs.ts';

let database: DatabaseWithSql;
let story: Story;

beforeAll(async () => {
  database = await ownDatabase();
  story = await storyOn(database);
});

/**
 * Lets verbs meet at a row: each waits for its lock, in the order in which they are given, and goes on once all wait.
 * PostgreSQL's own statistics say who waits.
 */
async function meetAt<Result>(
  rowOf: (pool: DatabaseWithSql['sql']) => PromiseLike<unknown>,
  ...verbs: readonly (() => Promise<Result>)[]
): Promise<PromiseSettledResult<Result>[]> {
  const { sql: pool } = database;
  const started: Promise<Result>[] = [];
  await pool.begin(async (tx) => {
    await rowOf(tx as unknown as DatabaseWithSql['sql']);
    for (const verb of verbs) {
      const waiting = verb();
      waiting.catch(() => undefined);
      started.push(waiting);
      while ((await waiters()) < started.length) await sleep(5);
    }
  });
  return Promise.allSettled(started);
}

async function waiters(): Promise<number> {
  const [row] = await database.sql`
    SELECT count(*)::int AS count FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
  return Number(row?.['count']);
}

const violations = async () => (await checkBooks(database.db)).flatMap((invariant) => invariant.violations);

describe('verbs that meet at a row', () => {
  test('a manual retry of a transfer and the refund of its order: the refunded share is not paid out', async () => {
    const { db } = database;
    const orderId = await story.pay();
    const [transfer] = await story.transfers(orderId);
    await giveUpTransfer(db, transfer!.id, 'enough');
    const refundId = await story.openRefund(orderId);
    await meetAt<unknown>(
      (pool) => pool`SELECT 1 FROM seller_transfers WHERE id = ${transfer!.id} FOR UPDATE`,
      () =>
        db.transaction((tx) =>
          requestTransferRetry(tx, { transferId: transfer!.id, actor: 'operator', reason: 'why not' }),
        ),
      () => settleRefund(db, refundId, { providerRefundId: 'psp_race' }, PURCHASES),
    );
    const superseded = new Set((await story.transfers(orderId)).map((row) => row.retryOf));
    const stillToSend = (await story.transfers(orderId)).filter((row) => !superseded.has(row.id));
    expect(stillToSend.map((row) => row.amountMinor)).toEqual([0, 0]);
    expect(await violations()).toEqual([]);
  });

  test('two settlements of one refund: it is settled once', async () => {
    const orderId = await story.complete();
    const refundId = await story.openRefund(orderId);
    const settled = await meetAt(
      (pool) => pool`SELECT 1 FROM orders WHERE id = ${orderId} FOR UPDATE`,
      () => settleRefund(database.db, refundId, { providerRefundId: 'psp_twice' }, PURCHASES),
      () => settleRefund(database.db, refundId, { providerRefundId: 'psp_twice' }, PURCHASES),
    );
    expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled']);
    expect(await story.reversals(refundId)).toHaveLength(2);
    expect(await violations()).toEqual([]);
  });

  test('a transfer that completes and the refund of its order: either order balances', async () => {
    for (const refundFirst of [true, false]) {
      const orderId = await story.pay();
      const [transfer] = await story.transfers(orderId);
      await askTransfer(database.db, { transferId: transfer!.id, now: true });
      const refundId = await story.openRefund(orderId);
      const verbs = [
        () => settleRefund(database.db, refundId, { providerRefundId: `psp_${refundId}` }, PURCHASES),
        () => completeTransfer(database.db, transfer!.id, story.stripeId('tr')),
      ] as const;
      await meetAt<unknown>(
        (pool) => pool`SELECT 1 FROM seller_transfers WHERE id = ${transfer!.id} FOR UPDATE`,
        ...(refundFirst ? verbs : verbs.toReversed()),
      );
      const [reversal] = await story.reversals(refundId);
      expect(reversal).toMatchObject({ status: 'pending', amountMinor: transfer!.amountMinor });
      expect(await violations()).toEqual([]);
    }
  });

  test('two requests to refund one order: one opens, the other is told so', async () => {
    const orderId = await story.complete();
    const opened = await meetAt(
      (pool) => pool`SELECT 1 FROM orders WHERE id = ${orderId} FOR UPDATE`,
      () => story.openRefund(orderId),
      () => story.openRefund(orderId),
    );
    expect(opened.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    expect(String((opened[1] as PromiseRejectedResult).reason)).toContain('refund_already_requested');
    expect(await violations()).toEqual([]);
  });

  test.each([
    ['fails for good, and its webhook', false, 'permanently_failed', 1],
    ['its webhook, and it fails for good', true, 'permanently_failed', 1],
    ['ends, and its webhook', false, 'reversed', 0],
    ['its webhook, and it ends', true, 'reversed', 0],
  ] as const)('a reversal that Stripe carried out: %s', async (_, isToldFirst, status, flagsCount) => {
    const { db } = database;
    const orderId = await story.complete();
    const { id: reversalId, transferId } = await openReversalOf(orderId);
    const { stripeTransferId } = await story.transfer(transferId);
    const seen = { stripeReversalId: story.stripeId('trr'), amountMinor: 1, reversalId };
    await db.insert(webhookEvents).values({
      id: uuidv7(),
      provider: 'stripe',
      eventId: `evt_${reversalId}`,
      type: 'transfer.reversed',
      about: stripeTransferId,
      body: JSON.stringify({ metadata: { reversal_id: reversalId } }),
    });
    const end = status === 'reversed' ? { reversed: seen.stripeReversalId } : { failed: 'Stripe is down' };
    const verbs = [
      () => completeReversal(db, reversalId, end),
      () => flagAfterAll(db, transferId, [seen]),
    ] as const;
    await meetAt<unknown>(
      (pool) => pool`SELECT 1 FROM seller_transfers WHERE id = ${transferId} FOR UPDATE`,
      ...(isToldFirst ? verbs.toReversed() : verbs),
    );
    expect((await story.reversal(reversalId)).status).toBe(status);
    const flags = await db
      .select()
      .from(opsFlags)
      .where(
        and(
          eq(opsFlags.kind, 'reversal_happened_after_all'),
          eq(opsFlags.subject, `reversal/${reversalId}`),
          isNull(opsFlags.clearedAt),
        ),
      );
    expect(flags).toHaveLength(flagsCount);
    expect(await violations()).toEqual([]);
  });
});

/** One that Stripe was asked for. */
async function openReversalOf(orderId: string) {
  const { refundId } = await story.refund(orderId);
  const [reversal] = await story.reversals(refundId);
  await askReversal(database.db, { reversalId: reversal!.id, now: true });
  return reversal!;
}

describe('a payment that is settled again', () => {
  test('after its transfers were sent: it says what the first attempt said, whose answer was lost', async () => {
    const orderId = await story.complete();
    const { totalMinor } = await story.order(orderId);
    expect(await story.settlePayment(orderId, story.capture(totalMinor))).toEqual({
      status: 'completed',
      transfers: [],
    });
    expect(await violations()).toEqual([]);
  });

  test('after it failed: the same failure, and no other', async () => {
    const orderId = await story.place();
    const declined = { ...story.capture(0), verdict: 'failed', message: 'card declined' } as const;
    const failed = { status: 'failed', reason: 'card declined' };
    expect(await story.settlePayment(orderId, declined)).toEqual(failed);
    expect(await story.settlePayment(orderId, { ...declined, message: 'expired' })).toEqual(failed);
  });
});
