import { sql } from 'drizzle-orm';
import { asId, BOOKS, own, type PersonalPart, TO_NULL } from '../kernel/index.ts';

/** The class of each column of payouts, and how a person's rows are found. */
export const PAYOUTS_PERSONAL: PersonalPart = {
  tables: [
    {
      table: 'seller_payouts',
      key: ['id'],
      of: [own('seller_id')],
      since: 'created_at',
      none: [
        ...['id', 'status', 'idempotency_key', 'asked_at', 'retry_count', 'next_retry_at', 'waiting_for'],
        ...['paid_at', 'failed_at', 'work_checked_at', 'given_up_at', 'needs_new_key', 'missed_at'],
        ...['differing_minor', 'created_at'],
      ],
      pseudonym: ['seller_id', 'external_payout_id', 'differing_id'],
      erase: { error_message: TO_NULL },
      law: { amount_minor: BOOKS, currency: BOOKS, stripe_account_id: BOOKS },
    },
  ],
  names: (person) => sql`SELECT 'payout/' || id FROM seller_payouts WHERE seller_id = ${person}`,
  atProviders: (person) => sql`
    SELECT id::text FROM seller_payouts WHERE seller_id = ${person}
    UNION ALL SELECT external_payout_id
      FROM seller_payouts WHERE seller_id = ${person} AND external_payout_id IS NOT NULL
    UNION ALL SELECT stripe_account_id
      FROM seller_payouts WHERE seller_id = ${person} AND stripe_account_id IS NOT NULL`,
  personsAt: (about) => sql`
    SELECT seller_id FROM seller_payouts WHERE id = ${asId(about)}
    UNION ALL SELECT seller_id FROM seller_payouts WHERE external_payout_id = ${about}`,
};
