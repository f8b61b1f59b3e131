import { randomBytes } from 'node:crypto';
import { eq } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  openOf,
  openUnderRing,
  type Place,
  rewrapKeys,
  sealFor,
  sealUnderRing,
} from '../../db/accounts/index.ts';
import { personKeys } from '../../db/accounts/sealing/schema.ts';
import { users } from '../../db/accounts/schema.ts';
import { isSealed, type KeyRing, type Sealed } from '../../domain/kernel/index.ts';
import { type DatabaseWithSql, openWithSql } from '../../sandbox/database.ts';
import { createDatabaseFromTemplate, type TestDatabase } from '../harness/services.ts';

const key = (id: string) => ({ id, secret: randomBytes(32) });
const [first, second] = [key('k1'), key('k2')];

let own: TestDatabase;
const open: DatabaseWithSql[] = [];
beforeAll(async () => {
  own = await createDatabaseFromTemplate();
});
afterAll(async () => {
  for (const database of open) await database.close();
  await own.drop();
});

function withRing(personalKeys?: KeyRing): DatabaseWithSql {
  const database = openWithSql(own.url, { maxConnections: 4, personalKeys });
  open.push(database);
  return database;
}

async function makeUser(
  { db }: DatabaseWithSql,
  status: 'active' | 'closing' | 'erasing' = 'active',
): Promise<string> {
  const id = uuidv7();
  await db.insert(users).values({ id, email: `${id}@people.example`, role: 'user', status });
  return id;
}

const placeOf = (rowId: string): Place => ({ table: 'mails', column: 'recipient', rowId });
const TEXT = 'ünïcode@people.example';

describe('a value that is sealed for a person', () => {
  test('is read again, and says that it is sealed', async () => {
    const database = withRing({ keys: [first] });
    const userId = await makeUser(database);
    const place = placeOf(uuidv7());
    const sealed = await database.db.transaction((tx) => sealFor(tx, userId, place, TEXT));
    expect(isSealed(sealed)).toBe(true);
    expect(sealed).toMatch(/^enc:1:[0-9a-f-]{36}:[\w-]+$/);
    expect(sealed).not.toContain('people');
    expect(await openOf(database.db, userId, place, sealed)).toBe(TEXT);
    expect(await database.db.transaction((tx) => openOf(tx, userId, place, sealed))).toBe(TEXT);
  });

  test('in a transaction within another too', async () => {
    const database = withRing({ keys: [first] });
    const userId = await makeUser(database);
    const place = placeOf(uuidv7());
    const sealed = await database.db.transaction((tx) =>
      tx.transaction((inner) => sealFor(inner, userId, place, TEXT)),
    );
    expect(await openOf(database.db, userId, place, sealed)).toBe(TEXT);
  });

  test.each([
    ['another row', (place: Place) => ({ ...place, rowId: uuidv7() })],
    ['another column', (place: Place) => ({ ...place, column: 'params' })],
    ['another table', (place: Place) => ({ ...place, table: 'oauth_accounts' })],
  ])('moved to %s does not open', async (_, moved) => {
    const database = withRing({ keys: [first] });
    const userId = await makeUser(database);
    const place = placeOf(uuidv7());
    const sealed = await database.db.transaction((tx) => sealFor(tx, userId, place, TEXT));
    await expect(openOf(database.db, userId, moved(place), sealed)).rejects.toMatchObject({
      code: 'personal_data_unreadable',
    });
  });

  test('changed or cut off does not open, and the error does not repeat it', async () => {
    const database = withRing({ keys: [first] });
    const userId = await makeUser(database);
    const place = placeOf(uuidv7());
    const sealed = await database.db.transaction((tx) => sealFor(tx, userId, place, TEXT));
    const flipped = `${sealed.slice(0, -2)}${sealed.endsWith('AA') ? 'BB' : 'AA'}`;
    for (const wrong of [flipped, sealed.slice(0, 60), 'enc:1:', 'enc:1:k1:!']) {
      const error = await openOf(database.db, userId, place, wrong as Sealed).catch(
        (thrown: Error) => thrown,
      );
      expect(error).toMatchObject({ code: 'personal_data_unreadable' });
      expect(String(error)).not.toContain(sealed.slice(50));
    }
  });

  test('reads as erased once its person is erased and their key destroyed, and everybody else’s is open', async () => {
    const database = withRing({ keys: [first] });
    const place = placeOf(uuidv7());
    const [userId, otherId] = [await makeUser(database), await makeUser(database)];
    const sealAndOpen = async (id: string) => {
      const sealed = await database.db.transaction((tx) => sealFor(tx, id, place, TEXT));
      return () => openOf(database.db, id, place, sealed);
    };
    const [opened, others] = [await sealAndOpen(userId), await sealAndOpen(otherId)];
    for (const status of ['erasing', 'erased'] as const) {
      await database.db.update(users).set({ status }).where(eq(users.id, userId));
      if (status === 'erasing') expect(await opened()).toBe(TEXT);
      await database.db.delete(personKeys).where(eq(personKeys.userId, userId));
      expect(await opened()).toBeNull();
    }
    expect(await others()).toBe(TEXT);
  });

  test.each(['active', 'closing'] as const)(
    'is an error that names the key where that is lost of somebody who is %s',
    async (status) => {
      const database = withRing({ keys: [first] });
      const userId = await makeUser(database, status);
      const place = placeOf(uuidv7());
      const sealed = await database.db.transaction((tx) => sealFor(tx, userId, place, TEXT));
      const [lost] = await database.db.delete(personKeys).where(eq(personKeys.userId, userId)).returning();
      const opening = () => openOf(database.db, userId, place, sealed);
      await expect(opening()).rejects.toMatchObject({ code: 'personal_data_unreadable' });
      await expect(opening()).rejects.toThrow(`"${lost!.keyId}" of the person ${userId}`);
      // A new key does not open what the old one sealed.
      await database.db.transaction((tx) => sealFor(tx, userId, place, 'another'));
      await expect(opening()).rejects.toThrow(lost!.keyId);
      // With the key's row, as a backup has it, nothing was lost.
      await database.db.delete(personKeys).where(eq(personKeys.userId, userId));
      await database.db.insert(personKeys).values(lost!);
      expect(await opening()).toBe(TEXT);
    },
  );

  test('twenty at once make one key', async () => {
    const database = withRing({ keys: [first] });
    const userId = await makeUser(database);
    const place = placeOf(uuidv7());
    const sealed = await Promise.all(
      Array.from({ length: 20 }, () => database.db.transaction((tx) => sealFor(tx, userId, place, TEXT))),
    );
    for (const one of sealed) expect(await openOf(database.db, userId, place, one)).toBe(TEXT);
  });

  test('nothing is sealed for somebody who is being erased', async () => {
    const database = withRing({ keys: [first] });
    const userId = await makeUser(database, 'erasing');
    const sealing = database.db.transaction((tx) => sealFor(tx, userId, placeOf(uuidv7()), TEXT));
    await expect(sealing).rejects.toMatchObject({ code: 'user_not_found' });
  });
});

describe('the ring', () => {
  test('that is missing, or lacks the key, is an error that names it', async () => {
    const database = withRing({ keys: [first] });
    const userId = await makeUser(database);
    const place = placeOf(uuidv7());
    const sealed = await database.db.transaction((tx) => sealFor(tx, userId, place, TEXT));
    await expect(openOf(withRing({ keys: [second] }).db, userId, place, sealed)).rejects.toThrow('"k1"');
    await expect(openOf(withRing().db, userId, place, sealed)).rejects.toThrow('PERSONAL_DATA_KEYS');
    const empty = withRing({ keys: [] });
    const stranger = await makeUser(empty);
    await expect(empty.db.transaction((tx) => sealFor(tx, stranger, place, TEXT))).rejects.toThrow(
      'PERSONAL_DATA_KEYS',
    );
  });

  test('seals what has no person yet', () => {
    const place = placeOf(uuidv7());
    const sealed = sealUnderRing({ keys: [first, second] }, place, TEXT);
    expect(sealed).toMatch(/^enc:1:k1:/);
    expect(openUnderRing({ keys: [second, first] }, place, sealed).toString()).toBe(TEXT);
    expect(() => openUnderRing({ keys: [second] }, place, sealed)).toThrow('"k1"');
    expect(() => openUnderRing({ keys: [first] }, placeOf(uuidv7()), sealed)).toThrow('changed or moved');
  });

  test('is rotated while sealed values are read and written', async () => {
    const both = withRing({ keys: [second, first] });
    const before = withRing({ keys: [second, first], keyId: first.id });
    const written = await Promise.all(
      Array.from({ length: 30 }, async (_, index) => {
        const userId = await makeUser(both);
        const place = placeOf(uuidv7());
        const sealed = await before.db.transaction((tx) => sealFor(tx, userId, place, `${TEXT} ${index}`));
        return { userId, place, sealed, text: `${TEXT} ${index}` };
      }),
    );
    const readAll = async ({ db }: DatabaseWithSql) => {
      for (const { userId, place, sealed, text } of written)
        expect(await openOf(db, userId, place, sealed)).toBe(text);
    };
    const [, , , { byKey }] = await Promise.all([
      readAll(before),
      readAll(both),
      makeUser(before).then((userId) =>
        before.db.transaction((tx) => sealFor(tx, userId, placeOf(uuidv7()), TEXT)),
      ),
      rewrapKeys(both.db, false),
    ]);
    expect(byKey['k2']).toBeGreaterThanOrEqual(30);
    // Whoever got their key in that moment is wrapped by the next run.
    await rewrapKeys(both.db, false);
    await readAll(withRing({ keys: [second] }));
  });

  test('is rotated in two steps: both keys read, then all are wrapped anew, and the old one is free', async () => {
    const before = await createDatabaseFromTemplate();
    const at = (personalKeys: KeyRing) => {
      const database = openWithSql(before.url, { maxConnections: 2, personalKeys });
      open.push(database);
      return database;
    };
    const old = at({ keys: [first] });
    const place = placeOf(uuidv7());
    const userId = await makeUser(old);
    const sealed = await old.db.transaction((tx) => sealFor(tx, userId, place, TEXT));
    const both = at({ keys: [second, first] });
    expect(await openOf(both.db, userId, place, sealed)).toBe(TEXT);
    expect(await rewrapKeys(both.db, true)).toEqual({ looked: 1, rewrapped: 1, byKey: { k1: 1 } });
    expect(await rewrapKeys(both.db, false)).toEqual({ looked: 1, rewrapped: 1, byKey: { k2: 1 } });
    expect(await rewrapKeys(both.db, false)).toEqual({ looked: 1, rewrapped: 0, byKey: { k2: 1 } });
    expect(await openOf(at({ keys: [second] }).db, userId, place, sealed)).toBe(TEXT);
  });
});
