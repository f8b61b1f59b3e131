import { sql } from 'drizzle-orm';
import { bigint, check, index, integer, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core';
import { at, createdAt, id } from '../../kernel/columns.ts';
import { users } from '../schema.ts';

/** A secret for one-time codes (RFC 6238). It guards nothing before it was confirmed by a code. */
export const twoFactors = pgTable(
  'two_factors',
  {
    userId: uuid()
      .primaryKey()
      .references(() => users.id),
    /** Sealed. */
    secret: text().notNull(),
    confirmedAt: at(),
    /** The time step of the last code that was taken: no code is taken twice. */
    lastStep: bigint({ mode: 'number' }),
    /** Wrong codes in a row over all challenges, and until when none is taken. */
    failures: integer().notNull().default(0),
    blockedUntil: at(),
    createdAt: createdAt(),
  },
  (t) => [check('two_factors_secret_is_sealed', sql`${t.secret} LIKE 'enc:1:%'`)],
);

/** Ten codes for who has lost their device, each good once. */
export const backupCodes = pgTable(
  'backup_codes',
  {
    userId: uuid()
      .notNull()
      .references(() => users.id),
    /** The first two digits of the code: which row it is compared with. */
    number: integer().notNull(),
    /** argon2id of the rest. */
    codeHash: text().notNull(),
    usedAt: at(),
  },
  (t) => [primaryKey({ columns: [t.userId, t.number] })],
);

/** Somebody gave the right password, and has still to give a code. */
export const twoFactorChallenges = pgTable(
  'two_factor_challenges',
  {
    id: id(),
    userId: uuid()
      .notNull()
      .references(() => users.id),
    tokenHash: text().notNull().unique(),
    failures: integer().notNull().default(0),
    /** How they proved who they are so far. */
    amr: text().array().notNull(),
    expiresAt: at().notNull(),
    endedAt: at(),
    createdAt: createdAt(),
  },
  (t) => [
    check('two_factor_challenges_hash_is_sha256', sql`${t.tokenHash} ~ '^[0-9a-f]{64}$'`),
    index('two_factor_challenges_by_user').on(t.userId),
    index('two_factor_challenges_by_expiry').on(t.expiresAt, t.id),
  ],
);
