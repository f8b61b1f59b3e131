import { v7 as uuidv7 } from 'uuid';
import { beforeAll, describe, expect, test } from 'vitest';
import type { DatabaseWithSql } from '../../sandbox/database.ts';
import { listRefundEvents, readNewRefundEvents } from '../../db/marketplace/refunds/events.ts';
import { adoptProviderRefund } from '../../db/marketplace/refunds/adopt-provider-refund.ts';
import { failRefund } from '../../db/marketplace/refunds/fail.ts';
import { recordExternalRefund } from '../../db/marketplace/refunds/record-external-refund.ts';
import { settleRefund } from '../../db/marketplace/refunds/settle.ts';
import { PURCHASES, ownDatabase, type Story, storyOn } from './verbs.ts';

let database: DatabaseWithSql;
let story: Story;
beforeAll(async () => {
  database = await ownDatabase();
  story = await storyOn(database);
});

const stagesOf = async (refundId: string) =>
  (await listRefundEvents(database.db, refundId)).map(({ stage }) => stage);

describe('every path writes its events, once each', () => {
  test('opened, accepted by the PSP, succeeded, and a replay of each', async () => {
    const refundId = await story.openRefund(await story.complete());
    for (let times = 0; times < 2; times += 1) await adoptProviderRefund(database.db, refundId, refundId);
    for (let times = 0; times < 2; times += 1)
      await settleRefund(database.db, refundId, { providerRefundId: refundId }, PURCHASES);
    expect(await stagesOf(refundId)).toEqual(['pending', 'accepted', 'succeeded']);
  });

  test('failed, and then the PSP’s later word', async () => {
    const refundId = await story.openRefund(await story.complete());
    await failRefund(database.db, refundId, { message: 'no' }, PURCHASES);
    await settleRefund(database.db, refundId, { providerRefundId: refundId }, PURCHASES);
    expect(await stagesOf(refundId)).toEqual(['pending', 'failed', 'succeeded']);
  });

  test('the webhook before the PSP’s answer: what was never waited for is not told', async () => {
    const refundId = await story.openRefund(await story.complete());
    await settleRefund(database.db, refundId, { providerRefundId: 'psp' }, PURCHASES);
    await adoptProviderRefund(database.db, refundId, 'psp');
    expect(await stagesOf(refundId)).toEqual(['pending', 'succeeded']);
  });

  test('one made elsewhere begins with its success', async () => {
    const orderId = await story.complete();
    const { currency } = await story.order(orderId);
    await recordExternalRefund(
      database.db,
      { kind: 'order', id: orderId },
      { providerRefundId: uuidv7(), amountMinor: 100, currency },
      PURCHASES,
    );
    const [row] = await database.sql<{ id: string }[]>`SELECT id FROM refunds WHERE order_id = ${orderId}`;
    expect(await stagesOf(row!.id)).toEqual(['succeeded']);
  });

  test('a change that is rolled back leaves none', async () => {
    const refundId = await story.openRefund(await story.complete());
    await expect(
      database.sql.begin(async (tx) => {
        await tx`UPDATE refunds SET status = 'failed', failed_at = now() WHERE id = ${refundId}`;
        throw new Error('something went wrong after it');
      }),
    ).rejects.toThrow('after it');
    expect(await stagesOf(refundId)).toEqual(['pending']);
  });
});

test('what is new is read of many refunds at once, each after its own last one', async () => {
  const [one, other] = [
    await story.openRefund(await story.complete()),
    await story.openRefund(await story.complete()),
  ];
  const [opened] = await listRefundEvents(database.db, one);
  await failRefund(database.db, one, { message: 'no' }, PURCHASES);
  const news = await readNewRefundEvents(
    database.db,
    new Map([
      [one, opened!.id],
      [other, 0],
    ]),
  );
  expect(news.map(({ refundId, stage }) => [refundId, stage])).toEqual([
    [other, 'pending'],
    [one, 'failed'],
  ]);
  expect(news).toEqual([
    ...(await listRefundEvents(database.db, other)),
    ...(await listRefundEvents(database.db, one)).slice(1),
  ]);
  expect(await readNewRefundEvents(database.db, new Map())).toEqual([]);
});

test.each(['UPDATE refund_events SET at = now()', 'DELETE FROM refund_events', 'TRUNCATE refund_events'])(
  'append-only, since clients resume by its ids: %s',
  async (statement) => {
    await expect(database.sql.unsafe(statement)).rejects.toThrow('refund_events is append-only');
  },
);
