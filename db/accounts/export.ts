import { type SQL, sql } from 'drizzle-orm';
import type { Sealed } from '../../domain/kernel/index.ts';
import { byTime, columnsOf, type ExportPart } from '../kernel/index.ts';
import { openOf } from './sealing/person.ts';
import { placeOfNewEmail } from './tokens/make.ts';

/** What the accounts hold of a person. */
export const ACCOUNTS_EXPORT: readonly ExportPart[] = [
  {
    name: 'profile',
    about: 'Your address, your role, and what you say of yourself.',
    tables: ['users', 'user_profiles'],
    columns: {
      ...columnsOf('person', 'id', 'email', 'is_verified', 'role', 'status'),
      ...columnsOf('profile', 'display_name', 'bio', 'country', 'links'),
      ...columnsOf('person', 'created_at', 'registered_at', 'promoted_to_creator_at'),
    },
    from: (
      person: SQL,
    ) => sql`FROM users AS person LEFT JOIN user_profiles AS profile ON profile.user_id = person.id
      WHERE person.id = ${person}`,
    ...byTime('person'),
  },
  {
    name: 'address_changes',
    about: 'Addresses that you asked to have instead of yours.',
    tables: ['account_tokens'],
    columns: columnsOf('token', 'id', 'new_email', 'created_at', 'expires_at', 'used_at'),
    from: (person: SQL) => sql`FROM account_tokens AS token
      WHERE token.user_id = ${person} AND token.purpose = 'change_email' AND token.new_email IS NOT NULL`,
    ...byTime('token'),
    async open(db, userId, row) {
      const place = placeOfNewEmail(String(row['id']));
      return { ...row, new_email: await openOf(db, userId, place, String(row['new_email']) as Sealed) };
    },
  },
  {
    name: 'sessions',
    about: 'Where you were signed in, from when to when.',
    tables: ['sessions'],
    columns: columnsOf(
      'session',
      ...['id', 'kind', 'amr', 'created_at', 'authenticated_at', 'last_seen_at', 'expires_at', 'ended_at'],
      ...['end_reason', 'ip', 'user_agent'],
    ),
    from: (person: SQL) => sql`FROM sessions AS session WHERE session.user_id = ${person}`,
    ...byTime('session'),
  },
  {
    name: 'linked_providers',
    about: 'Other providers that you sign in by, and what you are called there.',
    tables: ['oauth_accounts'],
    columns: columnsOf('linked', 'id', 'provider', 'subject', 'scopes', 'created_at'),
    from: (person: SQL) => sql`FROM oauth_accounts AS linked WHERE linked.user_id = ${person}`,
    ...byTime('linked'),
  },
  {
    name: 'second_factor',
    about: 'Whether you sign in with a second factor, and since when.',
    tables: ['two_factors'],
    columns: columnsOf('factor', 'created_at', 'confirmed_at'),
    from: (person: SQL) => sql`FROM two_factors AS factor WHERE factor.user_id = ${person}`,
    since: sql`factor.created_at`,
    order: [[sql`factor.user_id`, 'uuid']],
  },
  {
    name: 'api_keys',
    about: 'Keys of programs that act as you.',
    tables: ['api_keys'],
    columns: columnsOf(
      'api_key',
      ...['id', 'name', 'scopes', 'reads_per_hour', 'writes_per_hour', 'created_at', 'expires_at'],
      'revoked_at',
    ),
    from: (person: SQL) => sql`FROM api_keys AS api_key WHERE api_key.user_id = ${person}`,
    ...byTime('api_key'),
  },
  {
    name: 'mails',
    about: 'Mails that were sent to you: what kind, and when.',
    tables: ['mails'],
    columns: columnsOf('mail', 'id', 'kind', 'status', 'created_at'),
    from: (person: SQL) => sql`FROM mails AS mail WHERE mail.user_id = ${person}`,
    ...byTime('mail'),
  },
  {
    name: 'files',
    about: 'Files that you gave us.',
    tables: ['user_profiles'],
    columns: { kind: sql`'avatar'`, file: sql`profile.avatar_key` },
    from: (person: SQL) => sql`FROM user_profiles AS profile
      WHERE profile.user_id = ${person} AND profile.avatar_key IS NOT NULL`,
    since: sql`profile.created_at`,
    order: [[sql`profile.user_id`, 'uuid']],
    file: 'file',
  },
];
