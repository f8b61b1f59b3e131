import { sql } from 'drizzle-orm';
import { index, pgTable, text, uuid } from 'drizzle-orm/pg-core';
import { createdAt } from '../../kernel/columns.ts';
import { users } from '../schema.ts';

/** The key that what is personal of somebody is sealed under. Without its row, all of that reads as erased. */
export const personKeys = pgTable(
  'person_keys',
  {
    userId: uuid()
      .primaryKey()
      .references(() => users.id),
    /** What a sealed value names. */
    keyId: uuid().notNull().unique(),
    /** 32 random bytes, sealed under a key of the ring PERSONAL_DATA_KEYS. */
    wrappedKey: text().notNull(),
    createdAt: createdAt(),
  },
  // By the key of the ring: figures look for one that is missing.
  (t) => [index('person_keys_by_ring_key').on(sql`split_part(${t.wrappedKey}, ':', 3)`)],
);
