import { sql } from 'drizzle-orm';
import { ofThose, own, type PersonalPart, TO_ERASED, TO_NULL } from '../kernel/index.ts';

/** The class of each column of the accounts' tables, and how a person's rows are found. */
export const ACCOUNTS_PERSONAL: PersonalPart = {
  tables: [
    {
      table: 'refresh_tokens',
      key: ['id'],
      of: [ofThose('session_id', (person) => sql`SELECT id FROM sessions WHERE user_id = ${person}`)],
      cut: 'successor_id',
      delete: ['id', 'session_id', 'token_hash', 'used_at', 'successor_id', 'created_at'],
    },
    {
      table: 'sessions',
      key: ['id'],
      of: [own('user_id')],
      delete: [
        ...['id', 'user_id', 'kind', 'secret_hash', 'amr', 'authenticated_at', 'last_seen_at', 'expires_at'],
        ...['ended_at', 'end_reason', 'ip', 'user_agent', 'tokens_removed_at', 'created_at'],
      ],
    },
    {
      table: 'account_tokens',
      key: ['id'],
      of: [own('user_id')],
      delete: [
        ...['id', 'user_id', 'purpose', 'token_hash', 'new_email', 'password_hash', 'expires_at', 'used_at'],
        'created_at',
      ],
    },
    {
      table: 'two_factor_challenges',
      key: ['id'],
      of: [own('user_id')],
      delete: ['id', 'user_id', 'token_hash', 'failures', 'amr', 'expires_at', 'ended_at', 'created_at'],
    },
    {
      table: 'backup_codes',
      key: ['user_id', 'number'],
      of: [own('user_id')],
      delete: ['user_id', 'number', 'code_hash', 'used_at'],
    },
    {
      table: 'two_factors',
      key: ['user_id'],
      of: [own('user_id')],
      delete: ['user_id', 'secret', 'confirmed_at', 'last_step', 'failures', 'blocked_until', 'created_at'],
    },
    {
      table: 'oauth_states',
      key: ['state_hash'],
      of: [own('user_id')],
      delete: [
        ...['state_hash', 'provider', 'purpose', 'user_id', 'session_id', 'code_verifier', 'nonce'],
        ...['redirect_url', 'browser_hash', 'expires_at', 'created_at'],
      ],
    },
    {
      table: 'oauth_codes',
      key: ['code_hash'],
      of: [own('user_id')],
      delete: ['code_hash', 'user_id', 'browser_hash', 'expires_at', 'created_at'],
    },
    {
      table: 'oauth_accounts',
      key: ['id'],
      of: [own('user_id')],
      delete: [
        ...['id', 'user_id', 'provider', 'subject', 'access_token', 'refresh_token', 'scopes', 'expires_at'],
        'created_at',
      ],
    },
    {
      table: 'auth_failures',
      key: ['scope'],
      of: [own('user_id')],
      delete: ['scope', 'user_id', 'failures', 'since', 'blocked_until'],
    },
    {
      table: 'bearer_usage',
      key: ['user_id'],
      of: [own('user_id')],
      delete: ['user_id', 'minute', 'used', 'used_before', 'last_used_at'],
    },
    // A keyed hash of an address of the network: nobody's, and gone after a day.
    {
      table: 'client_usage',
      key: ['scope'],
      of: [],
      none: ['scope', 'since', 'used', 'used_before', 'last_used_at'],
    },
    {
      table: 'api_key_usage',
      key: ['key_id', 'kind'],
      of: [ofThose('key_id', (person) => sql`SELECT id FROM api_keys WHERE user_id = ${person}`)],
      delete: ['key_id', 'kind', 'hour', 'used', 'used_before', 'last_used_at'],
    },
    {
      // The rows stay, since the audit log names them. They were revoked when the account was closed.
      table: 'api_keys',
      key: ['id'],
      of: [own('user_id')],
      none: [
        ...['id', 'key_hash', 'prefix', 'scopes', 'reads_per_hour', 'writes_per_hour'],
        ...['expires_at', 'revoked_at', 'created_at'],
      ],
      pseudonym: ['user_id', 'made_by', 'made_by_key'],
      erase: { name: TO_ERASED },
    },
    {
      table: 'mails',
      key: ['id'],
      // To them, and to others about them.
      of: [own('user_id'), (person) => sql`split_part(subject, '/', 2) = ${person}::text`],
      delete: [
        ...['id', 'user_id', 'kind', 'subject', 'recipient', 'params', 'status', 'attempts'],
        ...['next_attempt_at', 'error_code', 'queued_at', 'created_at'],
      ],
    },
    {
      table: 'user_profiles',
      key: ['user_id'],
      of: [own('user_id')],
      delete: ['user_id', 'display_name', 'bio', 'avatar_key', 'country', 'links', 'created_at'],
    },
    {
      table: 'person_keys',
      key: ['user_id'],
      of: [own('user_id')],
      last: true,
      delete: ['user_id', 'key_id', 'wrapped_key', 'created_at'],
    },
    {
      table: 'users',
      key: ['id'],
      of: [own('id')],
      last: true,
      none: ['is_verified', 'status', 'is_barred', 'promoted_to_creator_at', 'registered_at', 'created_at'],
      pseudonym: ['id'],
      erase: {
        email: sql`'erased-' || id || '@erased.invalid'`,
        password_hash: TO_NULL,
        role: sql`'user'`,
      },
    },
  ],
  names: (person) => sql`
    SELECT 'account/' || ${person}::text
    UNION ALL SELECT 'api_key/' || id FROM api_keys WHERE user_id = ${person}
    UNION ALL SELECT 'mail/' || id FROM mails WHERE user_id = ${person}`,
};
