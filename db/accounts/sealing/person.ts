import { randomBytes } from 'node:crypto';
import { eq, sql } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { VezaError } from '../../../domain/errors.ts';
import { parseSealed, type Sealed, writeSealed } from '../../../domain/kernel/index.ts';
import type { Db, Tx } from '../../client.ts';
import { ringOf } from '../../key-ring.ts';
import { users } from '../schema.ts';
import { decrypt, encrypt, type Place } from './aead.ts';
import { nameOf, openUnderRing, sealUnderRing, unreadable } from './ring.ts';
import { personKeys } from './schema.ts';

const KEY_BYTES = 32;

interface PersonKey {
  readonly keyId: string;
  readonly secret: Buffer;
}

/**
 * Seals text under the key of the person whom it is about, and makes that key where they have none. Throws `user_not_found`
 * where they are gone or being erased: nothing personal of them may be written any more.
 */
export async function sealFor(tx: Tx, userId: string, place: Place, text: string): Promise<Sealed> {
  const key = (await readKey(tx, userId)) ?? (await makeKey(tx, userId));
  return writeSealed(key.keyId, encrypt(key.secret, place, Buffer.from(text)));
}

/**
 * Null where the person is being erased or gone, and their key destroyed: what it sealed is erased. Throws
 * `personal_data_unreadable`, which names a key that is missing.
 */
export async function openOf(
  db: Db | Tx,
  userId: string,
  place: Place,
  sealed: Sealed,
): Promise<string | null> {
  const parsed = parseSealed(sealed);
  if (parsed === null) throw unreadable(`${nameOf(place)} is not whole`);
  const key = await readKey(db, userId);
  if (key?.keyId !== parsed.keyId) {
    if (await isErased(db, userId)) return null;
    throw unreadable(`the key "${parsed.keyId}" of the person ${userId} is not in person_keys`);
  }
  const opened = decrypt(key.secret, place, parsed.inBase64Url);
  if (opened === null) throw unreadable(`${nameOf(place)} was changed or moved`);
  return opened.toString();
}

async function readKey(db: Db | Tx, userId: string): Promise<PersonKey | null> {
  const [row] = await db.select().from(personKeys).where(eq(personKeys.userId, userId));
  if (row === undefined) return null;
  return {
    keyId: row.keyId,
    secret: openUnderRing(ringOf(db), placeOfKey(userId), row.wrappedKey as Sealed),
  };
}

/** Whoever erases somebody destroys their key. Nobody else does, so without it the table was lost or restored. */
async function isErased(db: Db | Tx, userId: string): Promise<boolean> {
  const [user] = await db.select({ status: users.status }).from(users).where(eq(users.id, userId));
  return user === undefined || user.status === 'erasing' || user.status === 'erased';
}

/** Two who make it at once get the one that was first. */
async function makeKey(tx: Tx, userId: string): Promise<PersonKey> {
  const wrapped = sealUnderRing(ringOf(tx), placeOfKey(userId), randomBytes(KEY_BYTES));
  await tx.execute(sql`
    INSERT INTO person_keys (user_id, key_id, wrapped_key)
    SELECT id, ${uuidv7()}, ${wrapped} FROM users
    WHERE id = ${userId} AND status NOT IN ('erasing', 'erased') FOR KEY SHARE
    ON CONFLICT (user_id) DO NOTHING`);
  const made = await readKey(tx, userId);
  if (made === null) throw new VezaError('user_not_found', `There is no user ${userId}, or they have left.`);
  return made;
}

export const placeOfKey = (userId: string): Place => ({
  table: 'person_keys',
  column: 'wrapped_key',
  rowId: userId,
});
