import { and, asc, eq, gt } from 'drizzle-orm';
import { VezaError } from '../../../domain/errors.ts';
import { keyInUse, parseSealed, type Sealed } from '../../../domain/kernel/index.ts';
import type { Db } from '../../client.ts';
import { ringOf } from '../../key-ring.ts';
import { placeOfKey } from './person.ts';
import { openUnderRing, sealUnderRing } from './ring.ts';
import { personKeys } from './schema.ts';

export interface Rewrapped {
  /** Persons' keys that were looked at. */
  readonly looked: number;
  /** Of those, the ones that another key of the ring wrapped before; in a dry run, that would be wrapped anew. */
  readonly rewrapped: number;
  /** How many are wrapped by each key of the ring now, by its id. */
  readonly byKey: Readonly<Record<string, number>>;
}

const BATCH_ROWS = 500;

/**
 * Wraps the persons' keys anew under the key of the ring that encrypts. May be stopped and run again: it goes by user, and
 * leaves what is done. Throws `personal_data_unreadable`, which names a key that is missing.
 */
export async function rewrapKeys(db: Db, isDryRun: boolean): Promise<Rewrapped> {
  const ring = ringOf(db);
  const own = keyInUse(ring);
  if (own === undefined)
    throw new VezaError('personal_data_unreadable', 'PERSONAL_DATA_KEYS has no key that encrypts.');
  const byKey: Record<string, number> = {};
  let [looked, rewrapped] = [0, 0];
  for (let after: string | undefined; ;) {
    const rows = await db
      .select()
      .from(personKeys)
      .where(after === undefined ? undefined : gt(personKeys.userId, after))
      .orderBy(asc(personKeys.userId))
      .limit(BATCH_ROWS);
    for (const { userId, wrappedKey } of rows) {
      const sealed = wrappedKey as Sealed;
      const by = parseSealed(sealed)?.keyId ?? '';
      const place = placeOfKey(userId);
      const secret = openUnderRing(ring, place, sealed);
      looked += 1;
      const isOld = by !== own.id;
      if (isOld) rewrapped += 1;
      if (isOld && !isDryRun) await replace(db, userId, wrappedKey, sealUnderRing(ring, place, secret));
      const now = isDryRun ? by : own.id;
      byKey[now] = (byKey[now] ?? 0) + 1;
    }
    after = rows.at(-1)?.userId;
    if (rows.length < BATCH_ROWS) return { looked, rewrapped, byKey };
  }
}

/** Where the key was destroyed meanwhile, it stays so. */
const replace = (db: Db, userId: string, before: string, wrappedKey: Sealed) =>
  db
    .update(personKeys)
    .set({ wrappedKey })
    .where(and(eq(personKeys.userId, userId), eq(personKeys.wrappedKey, before)));
