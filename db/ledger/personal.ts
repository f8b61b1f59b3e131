import { BOOKS, type PersonalPart } from '../kernel/index.ts';

/** The class of each column of the ledger's tables: all of it is the books. */
export const LEDGER_PERSONAL: PersonalPart = {
  tables: [
    {
      table: 'ledger_entries',
      key: ['id'],
      of: [],
      none: ['id', 'transaction_id', 'kind', 'created_at', 'of_kind', 'of_id', 'root_kind', 'root_id'],
      pseudonym: ['account'],
      law: { amount_minor: BOOKS, currency: BOOKS },
    },
    {
      table: 'seller_postings',
      key: ['seller_id', 'created_at', 'first_entry_id'],
      of: [],
      none: [
        ...[
          'currency',
          'created_at',
          'first_entry_id',
          'transaction_id',
          'pending_change',
          'available_change',
        ],
        ...['paying_out_change', 'owed_change', 'fees_owed_change', 'connected_change', 'pending_minor'],
        ...['available_minor', 'paying_out_minor', 'owed_minor', 'fees_owed_minor', 'connected_minor'],
      ],
      pseudonym: ['seller_id'],
    },
    {
      table: 'seller_balances',
      key: ['seller_id', 'currency'],
      of: [],
      none: [
        ...['currency', 'pending_minor', 'available_minor', 'paying_out_minor', 'owed_minor'],
        ...['fees_owed_minor', 'rest_minor'],
      ],
      pseudonym: ['seller_id'],
    },
  ],
};
