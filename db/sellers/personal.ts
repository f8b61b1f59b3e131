import { sql } from 'drizzle-orm';
import { own, type PersonalPart } from '../kernel/index.ts';

/** The class of each column of sellers' accounts, and how a person's rows are found. */
export const SELLERS_PERSONAL: PersonalPart = {
  tables: [
    {
      table: 'account_link_asks',
      key: ['id'],
      of: [own('user_id')],
      delete: ['id', 'user_id', 'return_url', 'refresh_url', 'created_at'],
    },
    {
      // The account at Stripe is theirs to close; a transfer that went there names it still.
      table: 'seller_accounts',
      key: ['user_id'],
      of: [own('user_id')],
      delete: [
        ...['user_id', 'stripe_account_id', 'transfers_enabled', 'payouts_enabled', 'country'],
        ...['idempotency_key', 'asked_at', 'link_url', 'link_expires_at', 'created_at'],
      ],
    },
  ],
  names: (person) => sql`SELECT 'onboarding/' || ${person}::text`,
  atProviders: (person) => sql`
    SELECT stripe_account_id FROM seller_accounts WHERE user_id = ${person} AND stripe_account_id IS NOT NULL`,
  personsAt: (about) => sql`SELECT user_id FROM seller_accounts WHERE stripe_account_id = ${about}`,
};
