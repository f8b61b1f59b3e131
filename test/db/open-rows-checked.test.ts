import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { checkBooks, type Workflows } from '../../db/invariants/index.ts';
import { settleRefund } from '../../db/marketplace/refunds/settle.ts';
import { PURCHASES, ownDatabase, storyOn } from '../marketplace/verbs.ts';
import { everyState } from './every-state.ts';

// What waits in a row must wait in a workflow.

const NONE_RUNNING: Workflows = { isRunning: () => Promise.resolve(false) };
const aged = sql`UPDATE refunds SET created_at = now() - interval '2 minutes'`;

test('young rows may be on their way to a workflow', async () => {
  const checked = await checkBooks((await everyState()).database.db, NONE_RUNNING);
  expect(checked.flatMap(({ violations }) => violations)).toEqual([]);
});

test('an old open row without a running workflow is found, and one with it is not', async () => {
  const own = await ownDatabase();
  const told = await storyOn(own);
  await told.place();
  const refundId = await told.openRefund(await told.complete());
  await own.db.execute(sql`UPDATE orders SET created_at = now() - interval '2 minutes'`);
  await own.db.execute(aged);
  const asked: string[] = [];
  const workflows: Workflows = {
    isRunning: (id) => {
      asked.push(id);
      return Promise.resolve(id.startsWith('order/'));
    },
  };
  const checked = await checkBooks(own.db, workflows);
  expect(asked).toHaveLength(2);
  expect(checked.flatMap(({ violations }) => violations)).toEqual([
    { subject: `refund/${refundId}`, detail: 'it is pending and no workflow of it is running' },
  ]);
});

test('a row that ended while Temporal was asked is no violation', async () => {
  const own = await ownDatabase();
  const told = await storyOn(own);
  const refundId = await told.openRefund(await told.complete());
  await own.db.execute(aged);
  const workflows: Workflows = {
    isRunning: async () => {
      await settleRefund(own.db, refundId, { providerRefundId: 'psp_1' }, PURCHASES);
      return false;
    },
  };
  const checked = await checkBooks(own.db, workflows);
  expect(checked.flatMap(({ violations }) => violations)).toEqual([]);
});

test('ten questions are asked at a time', async () => {
  const own = await ownDatabase();
  const told = await storyOn(own);
  for (let count = 0; count < 25; count += 1) await told.place();
  await own.db.execute(sql`UPDATE orders SET created_at = now() - interval '2 minutes'`);
  let asking = 0;
  let most = 0;
  const workflows: Workflows = {
    isRunning: async () => {
      asking += 1;
      most = Math.max(most, asking);
      await new Promise((resolve) => setImmediate(resolve));
      asking -= 1;
      return true;
    },
  };
  await checkBooks(own.db, workflows);
  expect(most).toBe(10);
});
