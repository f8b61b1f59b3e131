import { sql } from 'drizzle-orm';
import {
  type AnyPgColumn,
  check,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  uuid,
  boolean,
  uniqueIndex,
} from 'drizzle-orm/pg-core';
import { API_KEY_SCOPES, CALL_KINDS } from '../../domain/accounts/api-keys.ts';
import { at, createdAt, id, oneOf } from '../kernel/columns.ts';
import { MAIL_STATUSES } from '../../domain/accounts/mail-machine.ts';
import type { Sealed } from '../../domain/kernel/index.ts';
import { MAIL_KINDS } from '../../domain/mails.ts';
import { ROLES } from '../../domain/accounts/roles.ts';
import { USER_STATUSES } from '../../domain/accounts/user-machine.ts';

/** Keys of programs. The key itself is shown once, when it is made, and is not stored. */
export const apiKeys = pgTable(
  'api_keys',
  {
    id: id(),
    /** As whom it acts. */
    userId: uuid()
      .notNull()
      .references(() => users.id),
    /**
     * The admin who made it. When they are no admin any more, or their account is not open, their keys that act as
     * somebody else stop working. No foreign key: the user may be gone.
     */
    madeBy: uuid().notNull(),
    /** The key that it was made with; it ends with that one. */
    madeByKey: uuid().references((): AnyPgColumn => apiKeys.id),
    name: text().notNull(),
    /** The beginning of the key, by which it is found and recognised: `vz_live_1a2b3c4d5e6f`. */
    prefix: text().notNull().unique(),
    /** SHA-256 of the whole key, in hex. A key has 256 random bits, so a slow hash would add nothing. */
    keyHash: text().notNull(),
    scopes: text({ enum: API_KEY_SCOPES }).array().notNull(),
    readsPerHour: integer().notNull(),
    writesPerHour: integer().notNull(),
    expiresAt: at(),
    revokedAt: at(),
    createdAt: createdAt(),
  },
  (t) => [
    check(
      'api_keys_scopes_known',
      sql`cardinality(${t.scopes}) > 0 AND ${t.scopes} <@ ARRAY[${sql.raw(API_KEY_SCOPES.map((scope) => `'${scope}'`).join(', '))}]`,
    ),
    check('api_keys_limits_sane', sql`${t.readsPerHour} > 0 AND ${t.writesPerHour} > 0`),
    check('api_keys_hash_is_sha256', sql`${t.keyHash} ~ '^[0-9a-f]{64}$'`),
    index('api_keys_newest').on(t.createdAt, t.id),
    index('api_keys_by_maker').on(t.madeByKey),
    index('api_keys_by_user').on(t.userId, t.createdAt, t.id),
  ],
);

/** How much of a limit a key has used, where all API processes see it: see db/accounts/take-call.ts. */
export const apiKeyUsage = pgTable(
  'api_key_usage',
  {
    keyId: uuid()
      .notNull()
      .references(() => apiKeys.id),
    kind: text({ enum: CALL_KINDS }).notNull(),
    /** The hour that is counted now, and the calls in it and in the hour before. */
    hour: at().notNull(),
    used: integer().notNull(),
    usedBefore: integer().notNull(),
    lastUsedAt: at().notNull(),
  },
  (t) => [primaryKey({ columns: [t.keyId, t.kind] }), oneOf('api_key_usage_kind_known', t.kind, CALL_KINDS)],
);

/**
 * How much of the limit for bearer tokens a person has used, as above. An unlogged table (see the migration): after a
 * crash of PostgreSQL everybody begins anew. No foreign key: a token may outlive its user.
 */
export const bearerUsage = pgTable(
  'bearer_usage',
  {
    userId: uuid().primaryKey(),
    minute: at().notNull(),
    used: integer().notNull(),
    usedBefore: integer().notNull(),
    lastUsedAt: at().notNull(),
  },
  (t) => [index('bearer_usage_by_minute').on(t.minute, t.userId)],
);

export const users = pgTable(
  'users',
  {
    id: id(),
    email: text().notNull(),
    role: text({ enum: ROLES }).notNull(),
    isVerified: boolean().notNull().default(false),
    status: text({ enum: USER_STATUSES }).notNull().default('active'),
    /** Of a closing one: an admin disabled it, before or after, and its person does not get in. */
    isBarred: boolean().notNull().default(false),
    /** argon2id in PHC's format; null where they sign in by a provider alone, or an identity provider of the operator's. */
    passwordHash: text(),
    /** When they made a creator of themselves; null where an admin gave the role. */
    promotedToCreatorAt: at(),
    /**
     * When they registered here, the last time. Null where an import, an operator or an identity provider made the row: such a
     * one is never removed for not being confirmed.
     */
    registeredAt: at(),
    createdAt: createdAt(),
  },
  (t) => [
    uniqueIndex('users_email_key').on(sql`lower(${t.email})`),
    oneOf('users_role_known', t.role, ROLES),
    oneOf('users_status_known', t.status, USER_STATUSES),
    check(
      'users_barred_is_leaving',
      sql`NOT ${t.isBarred} OR ${t.status} IN ('closing', 'erasing', 'erased')`,
    ),
    index('users_promoted')
      .on(t.promotedToCreatorAt)
      .where(sql`${t.promotedToCreatorAt} IS NOT NULL`),
    // Of a webhook that comes now, whether it may be about one of them.
    index('users_erased')
      .on(t.status)
      .where(sql`${t.status} IN ('erasing', 'erased')`),
    index('users_unconfirmed')
      .on(t.registeredAt, t.id)
      .where(sql`${t.registeredAt} IS NOT NULL AND NOT ${t.isVerified} AND ${t.status} = 'active'`),
  ],
);

/** What somebody says of themselves, for others to read. */
export const userProfiles = pgTable('user_profiles', {
  userId: uuid()
    .primaryKey()
    .references(() => users.id),
  displayName: text().notNull(),
  bio: text(),
  /** Where the picture is in the store for files. */
  avatarKey: text(),
  /** ISO 3166-1 alpha-2. */
  country: text(),
  links: text()
    .array()
    .notNull()
    .default(sql`'{}'`),
  createdAt: createdAt(),
});

/**
 * Mails that are sent, written with the event that they tell of. One a kind and subject, so that a repeated verb
 * writes none twice.
 */
export const mails = pgTable(
  'mails',
  {
    id: id(),
    /** Null: the mail is to somebody who has no account. */
    userId: uuid().references(() => users.id),
    kind: text({ enum: MAIL_KINDS }).notNull(),
    /** What it is about: `subscription/…`, or a row of that one's story with what makes it another event. */
    subject: text().notNull(),
    /** Sealed: where it goes. Null: to the address that its person has when it is sent. */
    recipient: text(),
    /**
     * What the text says, as JSON that is sealed; plain where it was written before there were keys, or without any. Null
     * once the mail was sent or refused.
     */
    params: jsonb().$type<MailParams | Sealed>(),
    status: text({ enum: MAIL_STATUSES }).notNull().default('queued'),
    /** How often the mail server was asked to take it, since it was queued. */
    attempts: integer().notNull().default(0),
    nextAttemptAt: at(),
    /** SMTP's status, or a code of the connection; never SMTP's text. */
    errorCode: text(),
    /** Since when it waits: a mail is tried for a day. */
    queuedAt: at().notNull().defaultNow(),
    createdAt: createdAt(),
  },
  (t) => [
    uniqueIndex('mails_once').on(t.kind, t.subject),
    index('mails_newest').on(t.createdAt, t.id),
    index('mails_by_user').on(t.userId),
    index('mails_by_id_told_of').on(sql`split_part(${t.subject}, '/', 2)`),
    index('mails_waiting')
      .on(t.id)
      .where(sql`${t.status} = 'queued'`),
    index('mails_given_up')
      .on(t.queuedAt, t.id)
      .where(sql`${t.status} = 'given_up' AND ${t.attempts} > 0`),
    oneOf('mails_kind_known', t.kind, MAIL_KINDS),
    oneOf('mails_status_known', t.status, MAIL_STATUSES),
  ],
);

/** Amounts are in minor units, times ISO 8601. */
export type MailParams = Readonly<Record<string, string | number | boolean | null>>;
