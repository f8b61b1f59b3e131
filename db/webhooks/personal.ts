import { sql } from 'drizzle-orm';
import { type PersonalPart, TO_ERASED } from '../kernel/index.ts';

/** The class of each column of stored webhooks, and how a person's rows are found. */
export const WEBHOOKS_PERSONAL: PersonalPart = {
  tables: [
    {
      table: 'webhook_events',
      key: ['id'],
      of: [(_person, { atProviders }) => sql`about IN (${atProviders})`],
      since: 'received_at',
      none: [
        ...['id', 'provider', 'type', 'received_at', 'processed_at', 'outcome', 'reconcile_checked_at'],
        'body_masked_at',
      ],
      pseudonym: ['event_id', 'about'],
      mask: ['body'],
      maskedAt: 'body_masked_at',
      erase: { error: TO_ERASED },
    },
  ],
};
