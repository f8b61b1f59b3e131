import { eq } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, describe, expect, test } from 'vitest';
import { listMailsOf, writeMail } from '../../db/accounts/index.ts';
import { openParams, openRecipient } from '../../db/accounts/mails/open.ts';
import { personKeys } from '../../db/accounts/sealing/schema.ts';
import { mails, users } from '../../db/accounts/schema.ts';
import { type DatabaseWithSql, openWithSql } from '../../sandbox/database.ts';
import { addUser } from '../harness/api.ts';
import { createDatabaseFromTemplate } from '../harness/services.ts';

const own = await createDatabaseFromTemplate();
const RING = { keys: [{ id: 'k1', secret: Buffer.alloc(32, 7) }] };
const database = openWithSql(own.url, { maxConnections: 2, personalKeys: RING });
const withoutKeys = openWithSql(own.url, { maxConnections: 2 });
afterAll(async () => {
  await Promise.all([database.close(), withoutKeys.close()]);
  await own.drop();
});

const OTHER = 'old-address@people.example';
const trial = {
  kind: 'trial_started',
  params: { plan: 'Creator', ends_at: '2026-12-13T10:00:00.000Z' },
} as const;

/** The one mail about a subject. */
async function rowOf(subject: string) {
  const [row] = await database.db.select().from(mails).where(eq(mails.subject, subject));
  return row;
}
async function written(by: DatabaseWithSql, userId: string | null, recipient?: string) {
  const subject = `subscription/${uuidv7()}`;
  const to = recipient === undefined ? {} : { recipient };
  await by.db.transaction((tx) => writeMail(tx, { ...trial, ...to, userId, subject }));
  return (await rowOf(subject))!;
}

describe('a mail that is written', () => {
  test('is sealed at rest, with where it goes, and waits', async () => {
    const userId = await addUser(database);
    const mail = await written(database, userId, OTHER);
    expect(mail).toMatchObject({ status: 'queued', attempts: 0, errorCode: null });
    expect(mail.params).toMatch(/^enc:1:/);
    expect(mail.recipient).toMatch(/^enc:1:/);
    const [stored] = await database.sql<
      { row: string }[]
    >`SELECT mails::text AS row FROM mails WHERE id = ${mail.id}`;
    expect(stored?.row).not.toMatch(/Creator|people\.example/);
    expect(await openParams(database.db, mail)).toEqual(trial.params);
    expect(await openRecipient(database.db, mail)).toBe(OTHER);
  });

  test('moved to another row does not open', async () => {
    const userId = await addUser(database);
    const [one, other] = [await written(database, userId), await written(database, userId)];
    await expect(openParams(database.db, { ...one, id: other.id })).rejects.toMatchObject({
      code: 'personal_data_unreadable',
    });
  });

  test('is one a kind and subject', async () => {
    const userId = await addUser(database);
    const subject = `subscription/${uuidv7()}`;
    const write = () => database.db.transaction((tx) => writeMail(tx, { ...trial, userId, subject }));
    await Promise.all([write(), write()]);
    await write();
    expect(await database.db.select().from(mails).where(eq(mails.subject, subject))).toHaveLength(1);
  });

  test('to somebody without an account is sealed under the ring', async () => {
    const mail = await written(database, null, OTHER);
    expect(mail.recipient).toMatch(/^enc:1:k1:/);
    expect(await openRecipient(database.db, mail)).toBe(OTHER);
    expect(await openParams(database.db, mail)).toEqual(trial.params);
  });

  test('reads as nothing once its person’s key was destroyed', async () => {
    const userId = await addUser(database);
    const mail = await written(database, userId, OTHER);
    await database.db.update(users).set({ status: 'erasing' }).where(eq(users.id, userId));
    await database.db.delete(personKeys).where(eq(personKeys.userId, userId));
    expect(await openParams(database.db, mail)).toBeNull();
    expect(await openRecipient(database.db, mail)).toBeNull();
  });

  test('is not written to somebody who has left, and stops nothing', async () => {
    const userId = await addUser(database);
    await database.db.update(users).set({ status: 'erasing' }).where(eq(users.id, userId));
    const subject = `subscription/${uuidv7()}`;
    await database.db.transaction((tx) => writeMail(tx, { ...trial, userId, subject }));
    expect(await rowOf(subject)).toBeUndefined();
  });
});

describe('without a key', () => {
  test('amounts and plans are written plain: no key is in money’s way', async () => {
    const userId = await addUser(database);
    const mail = await written(withoutKeys, userId);
    expect(mail.params).toEqual(trial.params);
    expect(await openParams(withoutKeys.db, mail)).toEqual(trial.params);
  });

  test('no address and no link is', async () => {
    const userId = await addUser(database);
    await expect(written(withoutKeys, userId, OTHER)).rejects.toMatchObject({
      code: 'personal_data_unreadable',
    });
    const invited = {
      kind: 'invitation',
      params: { url: 'https://shop.example/#token=x', expires_at: trial.params.ends_at },
    } as const;
    await expect(
      withoutKeys.db.transaction((tx) => writeMail(tx, { ...invited, userId, subject: `user/${userId}` })),
    ).rejects.toMatchObject({ code: 'personal_data_unreadable' });
  });
});

test('a mail of before there were keys is read as it stands, and a story has both', async () => {
  const userId = await addUser(database);
  const id = uuidv7();
  await database.sql`INSERT INTO mails (id, user_id, kind, subject, params)
    VALUES (${uuidv7()}, ${userId}, 'trial_started', ${`subscription/${id}`}, ${JSON.stringify(trial.params)}::text::jsonb)`;
  await database.db.transaction((tx) =>
    writeMail(tx, {
      ...trial,
      kind: 'trial_over',
      params: { plan: 'Creator', reason: 'unpaid' },
      userId,
      subject: `subscription/${id}`,
    }),
  );
  expect((await listMailsOf(database.db, [id])).map(({ params }) => params)).toEqual([
    trial.params,
    { plan: 'Creator', reason: 'unpaid' },
  ]);
});
