import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sellerBalances } from '../../db/ledger/schema.ts';
import { eraseNow, holdDeletion, releaseHold, undoDeletion } from '../../db/privacy/index.ts';
import { earnedShop, payoutsOf } from '../harness/payouts.ts';
import { openFlags } from '../harness/read.ts';
import { makePerson } from '../harness/shop.ts';
import { until } from '../harness/wait.ts';
import { World } from '../harness/world.ts';
import {
  aMinutePasses,
  deletionOf,
  erased,
  left,
  mailsOf,
  SYSTEM,
  TERMS,
  waitsFor,
  wake,
} from './leaving.ts';

let world: World;
beforeAll(async () => {
  world = await World.create({ env: { DELETION_LOOK_EVERY: '1h' } });
});
afterAll(() => world.close());

const DAY_MS = 24 * 60 * 60 * 1000;
const LONG_MS = 30 * DAY_MS;
const someone = async () => (await makePerson(world, 'user')).id;
const shown = async (userId: string) => {
  const { searchAttributes } = await world.temporal.workflow.getHandle(`deletion/${userId}`).describe();
  return searchAttributes['VezaStatus']?.[0];
};
const balance = (sellerId: string, set: Partial<typeof sellerBalances.$inferInsert>) =>
  world.database.db
    .insert(sellerBalances)
    .values({ sellerId, currency: 'EUR', ...set })
    .onConflictDoUpdate({ target: [sellerBalances.sellerId, sellerBalances.currency], set });

test('who has no money moving is erased once their time is over and their last mail has gone', async () => {
  const userId = await someone();
  await left(world, userId);
  await erased(world, userId);
  expect(await world.database.sql`SELECT status, email FROM users WHERE id = ${userId}`).toEqual([
    { status: 'erased', email: `erased-${userId}@erased.invalid` },
  ]);
});

test('the timer sleeps for the grace, reminds, and an undo ends it', async () => {
  const userId = await someone();
  const { finalAt } = await left(world, userId, LONG_MS);
  await until(
    () => shown(userId),
    (status) => status === 'scheduled',
  );
  expect(await mailsOf(world, userId)).toEqual(['deletion_scheduled']);
  await world.database.sql`
    UPDATE account_deletions SET requested_at = now() - interval '28 days', final_at = now() + interval '2 days'
    WHERE user_id = ${userId}`;
  await wake(world, userId);
  await until(
    () => mailsOf(world, userId),
    (kinds) => kinds.includes('deletion_reminder'),
  );
  expect((await deletionOf(world, userId)).finalAt).not.toEqual(finalAt);
  await world.database.db.transaction((tx) => undoDeletion(tx, SYSTEM, { userId, terms: TERMS }));
  await wake(world, userId);
  await world.finished(`deletion/${userId}`);
  expect(await mailsOf(world, userId)).toEqual([
    'deletion_scheduled',
    'deletion_reminder',
    'deletion_undone',
  ]);
});

describe('money that moves holds it up', () => {
  test('a balance is paid out once, and the erasing goes on when the bank has it', async () => {
    const { seller } = await earnedShop(world);
    await world.database.sql`UPDATE orders SET refund_deadline = now() - interval '1 s'`;
    await left(world, seller.id);
    const [payout] = await until(
      () => payoutsOf(world, seller),
      (rows) => rows.length > 0,
    );
    expect(payout).toMatchObject({ amountMinor: 9_000 });
    await world.finished(`payout/${payout!.id}`);
    await until(
      () => deletionOf(world, seller.id),
      (row) => row.paidOutAt !== null,
    );
    await aMinutePasses(world);
    await erased(world, seller.id);
    expect(await payoutsOf(world, seller)).toHaveLength(1);
  });

  test('without an account that can take it, a mail asks for one, once; a week later a flag', async () => {
    const userId = await someone();
    await balance(userId, { availableMinor: 5_000 });
    await left(world, userId);
    await waitsFor(world, userId, ['balance_available']);
    await until(
      () => mailsOf(world, userId),
      (kinds) => kinds.includes('deletion_waits'),
    );
    expect(await shown(userId)).toBe('deletion_waiting');
    await world.database.sql`
      UPDATE account_deletions SET waiting_since = now() - interval '8 days' WHERE user_id = ${userId}`;
    await wake(world, userId);
    const flags = () => openFlags(world, 'deletion_waits', `deletion/${userId}`);
    await until(flags, (found) => found.length > 0);
    expect((await mailsOf(world, userId)).filter((kind) => kind === 'deletion_waits')).toHaveLength(1);
    await balance(userId, { availableMinor: 0 });
    await aMinutePasses(world);
    await erased(world, userId);
    expect(await flags()).toEqual([]);
  });

  test('nothing is erased over a debt; staying is possible all the while', async () => {
    const userId = await someone();
    await balance(userId, { owedMinor: 1 });
    await left(world, userId);
    await waitsFor(world, userId, ['balance_owed']);
    await aMinutePasses(world);
    expect((await deletionOf(world, userId)).status).toBe('waiting');
    await world.database.db.transaction((tx) => undoDeletion(tx, SYSTEM, { userId, terms: TERMS }));
    await wake(world, userId);
    await world.finished(`deletion/${userId}`);
    expect(await world.database.sql`SELECT status FROM users WHERE id = ${userId}`).toEqual([
      { status: 'active' },
    ]);
  });
});

describe('operators', () => {
  test('hold it, and release it', async () => {
    const userId = await someone();
    await left(world, userId, LONG_MS);
    const { db } = world.database;
    await db.transaction((tx) => eraseNow(tx, SYSTEM, userId));
    await db.transaction((tx) => holdDeletion(tx, SYSTEM, userId));
    await aMinutePasses(world);
    await waitsFor(world, userId, ['hold']);
    await db.transaction((tx) => releaseHold(tx, SYSTEM, userId));
    await aMinutePasses(world);
    await erased(world, userId);
  });

  test('erase_now skips the timer, and never the money', async () => {
    const userId = await someone();
    await balance(userId, { pendingMinor: 1 });
    await left(world, userId, LONG_MS);
    await world.database.db.transaction((tx) => eraseNow(tx, SYSTEM, userId));
    await wake(world, userId);
    await waitsFor(world, userId, ['balance_pending']);
    await balance(userId, { pendingMinor: 0 });
    await aMinutePasses(world);
    await erased(world, userId);
  });
});

test('a deletion whose workflow was lost is started by the schedule', async () => {
  const userId = await someone();
  await left(world, userId, LONG_MS);
  await world.temporal.workflow.getHandle(`deletion/${userId}`).terminate('a test');
  await aMinutePasses(world);
  expect(await world.engine.isRunning(`deletion/${userId}`)).toBe(true);
  await world.temporal.workflow.getHandle(`deletion/${userId}`).terminate('a test');
});
