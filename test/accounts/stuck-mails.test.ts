import { sql } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { beforeAll, expect, test } from 'vitest';
import { mails } from '../../db/accounts/schema.ts';
import { listWork, sumWork } from '../../db/operators/index.ts';
import { addUser, type ApiWorld, openApi } from '../harness/api.ts';

let world: ApiWorld;
beforeAll(async () => {
  world = await openApi();
});

/** A mail that the mail server has not taken for so many minutes. */
async function waiting(minutes: number): Promise<string> {
  const [id, userId] = [uuidv7(), await addUser(world.database)];
  await world.database.db.insert(mails).values({
    ...{ id, userId, kind: 'password_changed', subject: `account/${id}`, params: {}, status: 'queued' },
    queuedAt: sql`now() - ${minutes} * interval '1 minute'`,
  });
  return `mail/${id}`;
}

test('mail server away: mails are listed after 15 minutes, whatever age other rows are asked for from', async () => {
  const { db } = world.database;
  const [young, old] = [await waiting(14), await waiting(16)];
  const listed = async (olderThanMinutes: number) =>
    (await listWork(db, { olderThanMinutes }, { limit: 10 })).map(({ subject }) => subject);
  expect(await listed(60)).toEqual([old]);
  expect(await listed(10_080)).toEqual([old]);
  expect(await listed(5)).toEqual([old, young]);
  expect(await sumWork(db, { olderThanMinutes: 60 })).toMatchObject([{ kind: 'mail', count: 1, totals: [] }]);
});
