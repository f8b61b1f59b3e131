import { sql } from 'drizzle-orm';
import { type AnyPgColumn, check, index, pgTable, text, uuid } from 'drizzle-orm/pg-core';
import {
  AUTHENTICATION_METHODS,
  SESSION_END_REASONS,
  SESSION_KINDS,
} from '../../../domain/accounts/sessions.ts';
import { at, createdAt, id, oneOf } from '../../kernel/columns.ts';
import { users } from '../schema.ts';

/** Somebody who is signed in, on one device. */
export const sessions = pgTable(
  'sessions',
  {
    id: id(),
    userId: uuid()
      .notNull()
      .references(() => users.id),
    kind: text({ enum: SESSION_KINDS }).notNull(),
    /** SHA-256, in hex, of what a cookie holds and CSRF tokens are made under. */
    secretHash: text().notNull(),
    /** How they proved who they are. */
    amr: text({ enum: AUTHENTICATION_METHODS }).array().notNull(),
    /** When they did so last. */
    authenticatedAt: at().notNull().defaultNow(),
    lastSeenAt: at().notNull().defaultNow(),
    expiresAt: at().notNull(),
    endedAt: at(),
    endReason: text({ enum: SESSION_END_REASONS }),
    ip: text(),
    userAgent: text(),
    /** It is over, and its refresh tokens were removed. */
    tokensRemovedAt: at(),
    createdAt: createdAt(),
  },
  (t) => [
    oneOf('sessions_kind_known', t.kind, SESSION_KINDS),
    oneOf('sessions_end_reason_known', t.endReason, SESSION_END_REASONS),
    check('sessions_end_has_reason', sql`(${t.endedAt} IS NULL) = (${t.endReason} IS NULL)`),
    check('sessions_secret_is_sha256', sql`${t.secretHash} ~ '^[0-9a-f]{64}$'`),
    check(
      'sessions_amr_known',
      sql`cardinality(${t.amr}) > 0 AND ${t.amr} <@ ARRAY[${sql.raw(AUTHENTICATION_METHODS.map((one) => `'${one}'`).join(', '))}]`,
    ),
    index('sessions_open_by_user')
      .on(t.userId, t.createdAt, t.id)
      .where(sql`${t.endedAt} IS NULL`),
    index('sessions_by_user').on(t.userId, t.createdAt, t.id),
    index('sessions_by_secret').on(t.secretHash),
    index('sessions_to_forget')
      .on(t.createdAt, t.id)
      .where(sql`${t.ip} IS NOT NULL OR ${t.userAgent} IS NOT NULL`),
    index('sessions_by_end').on(sql`least(${t.endedAt}, ${t.expiresAt})`, t.id),
    index('sessions_with_tokens')
      .on(sql`least(${t.endedAt}, ${t.expiresAt})`, t.id)
      .where(sql`${t.kind} = 'token' AND ${t.tokensRemovedAt} IS NULL`),
  ],
);

/** What keeps a session of an app alive. Each is good once, and then has a successor. */
export const refreshTokens = pgTable(
  'refresh_tokens',
  {
    id: id(),
    sessionId: uuid()
      .notNull()
      .references(() => sessions.id),
    /** SHA-256 of the token, in hex. */
    tokenHash: text().notNull().unique(),
    usedAt: at(),
    successorId: uuid().references((): AnyPgColumn => refreshTokens.id),
    createdAt: createdAt(),
  },
  (t) => [
    check('refresh_tokens_hash_is_sha256', sql`${t.tokenHash} ~ '^[0-9a-f]{64}$'`),
    index('refresh_tokens_by_session').on(t.sessionId),
    index('refresh_tokens_by_successor')
      .on(t.successorId)
      .where(sql`${t.successorId} IS NOT NULL`),
  ],
);
