import { sql } from 'drizzle-orm';
import { check, index, integer, pgTable, text, uuid } from 'drizzle-orm/pg-core';
import { ACCOUNT_TOKEN_PURPOSES } from '../../../domain/accounts/sessions.ts';
import { at, createdAt, id, oneOf } from '../../kernel/columns.ts';
import { users } from '../schema.ts';

/** What a link in a mail proves: that somebody reads the mail of an address. Good once. */
export const accountTokens = pgTable(
  'account_tokens',
  {
    id: id(),
    userId: uuid()
      .notNull()
      .references(() => users.id),
    purpose: text({ enum: ACCOUNT_TOKEN_PURPOSES }).notNull(),
    /** SHA-256 of the token, in hex. */
    tokenHash: text().notNull().unique(),
    /** The address that is to be theirs, sealed. */
    newEmail: text(),
    /** Of a registration anew, until its link is followed: the hash of the password that is theirs then. A secret, as theirs is. */
    passwordHash: text(),
    expiresAt: at().notNull(),
    usedAt: at(),
    createdAt: createdAt(),
  },
  (t) => [
    oneOf('account_tokens_purpose_known', t.purpose, ACCOUNT_TOKEN_PURPOSES),
    check('account_tokens_hash_is_sha256', sql`${t.tokenHash} ~ '^[0-9a-f]{64}$'`),
    check('account_tokens_address_is_sealed', sql`${t.newEmail} LIKE 'enc:1:%'`),
    check(
      'account_tokens_password_waits',
      sql`${t.passwordHash} IS NULL OR (${t.purpose} = 'verify_email' AND ${t.usedAt} IS NULL)`,
    ),
    index('account_tokens_open')
      .on(t.userId, t.purpose)
      .where(sql`${t.usedAt} IS NULL`),
    index('account_tokens_by_user').on(t.userId),
    index('account_tokens_by_expiry').on(t.expiresAt, t.id),
  ],
);

/** How often somebody failed, or a client asked, where all API processes see it. */
export const authFailures = pgTable(
  'auth_failures',
  {
    /** A keyed hash of what is counted: an account and a client, an account, an address. */
    scope: text().primaryKey(),
    /** Whose account was tried, so that an operator can let them in again; null: nobody's. No foreign key: they may be gone. */
    userId: uuid(),
    failures: integer().notNull(),
    /** The failures of before count no more from here on. */
    since: at().notNull(),
    blockedUntil: at(),
  },
  (t) => [
    index('auth_failures_by_time').on(t.since, t.scope),
    index('auth_failures_by_user')
      .on(t.userId)
      .where(sql`${t.userId} IS NOT NULL`),
  ],
);
