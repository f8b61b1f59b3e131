import { sql } from 'drizzle-orm';
import { ACCOUNTABILITY, named, type PersonalPart, TO_ERASED, TO_NULL } from './personal.ts';

/** The class of each column of the kernel's tables, and how a person's rows are found. */
export const KERNEL_PERSONAL: PersonalPart = {
  tables: [
    {
      table: 'asks',
      key: ['id'],
      of: [
        (person) => sql`
          coalesce(ask ->> 'userId', ask ->> 'buyerId', ask ->> 'sellerId', ask #>> '{caller,userId}') = ${person}::text`,
      ],
      delete: ['id', 'ask', 'created_at'],
    },
    {
      table: 'audit_log',
      key: ['id'],
      of: [
        (person) => sql`actor = ${person}::text`,
        // What the system notes about somebody carries their address; what an operator did, the operator's.
        (person) => sql`subject = 'account/' || ${person}::text AND actor = 'system'`,
      ],
      since: 'at',
      none: ['id', 'action', 'at'],
      pseudonym: ['actor', 'subject', 'api_key_id'],
      forget: ['ip', 'user_agent'],
      law: { before: ACCOUNTABILITY, after: ACCOUNTABILITY, reason: ACCOUNTABILITY },
    },
    {
      table: 'idempotency_keys',
      key: ['scope', 'key'],
      of: [(person) => sql`split_part(scope, ':', 1) = ${person}::text`],
      none: ['body_hash', 'created_at'],
      pseudonym: ['scope'],
      erase: {
        // A client chose it: of what it may have been, only that it was another one stays.
        key: sql`CASE WHEN key LIKE 'erased-%' THEN key ELSE 'erased-' || encode(sha256(convert_to(key, 'UTF8')), 'hex') END`,
        answer: TO_NULL,
      },
    },
    {
      table: 'ops_flags',
      key: ['id'],
      of: [named('subject')],
      since: 'raised_at',
      none: ['id', 'kind', 'raised_at', 'cleared_at'],
      pseudonym: ['subject'],
      // Sentences: no mask can find a name in them.
      erase: { detail: TO_ERASED },
    },
    {
      table: 'platform_settings',
      key: ['key'],
      of: [],
      none: ['key', 'value_bool', 'value_text', 'updated_at'],
    },
    { table: 'rate_limits', key: ['name'], of: [], none: ['name', 'next_free_at'] },
  ],
};
