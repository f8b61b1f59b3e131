import { sql } from 'drizzle-orm';
import { check, index, pgTable, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core';
import { OAUTH_PROVIDERS, OAUTH_PURPOSES } from '../../../domain/accounts/sessions.ts';
import { at, createdAt, id, oneOf } from '../../kernel/columns.ts';
import { users } from '../schema.ts';

/** A way to a provider and back that somebody has begun. Taken once, by the browser that began it. */
export const oauthStates = pgTable(
  'oauth_states',
  {
    stateHash: text().primaryKey(),
    provider: text({ enum: OAUTH_PROVIDERS }).notNull(),
    purpose: text({ enum: OAUTH_PURPOSES }).notNull(),
    /** Who links their account; null: somebody signs in. */
    userId: uuid().references(() => users.id),
    /** The session that they do it in; no foreign key, since the way is over soon. Null: somebody signs in. */
    sessionId: uuid(),
    /** Sealed. */
    codeVerifier: text().notNull(),
    nonce: text(),
    redirectUrl: text().notNull(),
    /** SHA-256 of the secret in the browser's cookie. */
    browserHash: text().notNull(),
    expiresAt: at().notNull(),
    createdAt: createdAt(),
  },
  (t) => [
    index('oauth_states_by_user').on(t.userId),
    oneOf('oauth_states_provider_known', t.provider, OAUTH_PROVIDERS),
    oneOf('oauth_states_purpose_known', t.purpose, OAUTH_PURPOSES),
    check('oauth_states_verifier_is_sealed', sql`${t.codeVerifier} LIKE 'enc:1:%'`),
    check('oauth_states_link_has_user', sql`(${t.purpose} = 'link') = (${t.userId} IS NOT NULL)`),
    index('oauth_states_by_expiry').on(t.expiresAt),
  ],
);

/** Somebody came back from a provider: their browser gets a session for the code, once. */
export const oauthCodes = pgTable(
  'oauth_codes',
  {
    codeHash: text().primaryKey(),
    userId: uuid()
      .notNull()
      .references(() => users.id),
    /** SHA-256 of the secret in the browser's cookie. */
    browserHash: text().notNull(),
    expiresAt: at().notNull(),
    createdAt: createdAt(),
  },
  (t) => [index('oauth_codes_by_user').on(t.userId), index('oauth_codes_by_expiry').on(t.expiresAt)],
);

/** Somebody's account at a provider: who it is, is provider and subject, and never the address. */
export const oauthAccounts = pgTable(
  'oauth_accounts',
  {
    id: id(),
    userId: uuid()
      .notNull()
      .references(() => users.id),
    provider: text({ enum: OAUTH_PROVIDERS }).notNull(),
    subject: text().notNull(),
    /** Both sealed. An older system's rows hold them plain until `ops -- encrypt-oauth-tokens` has run. */
    accessToken: text(),
    refreshToken: text(),
    scopes: text()
      .array()
      .notNull()
      .default(sql`'{}'`),
    expiresAt: at(),
    createdAt: createdAt(),
  },
  (t) => [
    oneOf('oauth_accounts_provider_known', t.provider, OAUTH_PROVIDERS),
    uniqueIndex('oauth_accounts_subject_key').on(t.provider, t.subject),
    uniqueIndex('oauth_accounts_one_a_provider').on(t.userId, t.provider),
  ],
);
