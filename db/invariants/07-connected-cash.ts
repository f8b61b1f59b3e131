import { sql } from 'drizzle-orm';
import { CURRENT_REVERSALS, type Invariant, violations } from './invariant.ts';

/**
 * Holds at any moment and not only at rest, since each posting is in the transaction of the rows that it moves. Cash is
 * entered as it stands (see `balanceSign` in domain/ledger/entries.ts).
 */
export const connectedCash: Invariant = {
  number: 7,
  title:
    'per seller: cash at the connected account = available + paying out − owed + shares not yet reversed',
  check(tx) {
    return violations(
      tx,
      sql`
      WITH parts (seller_id, currency, cash_minor, claimed_minor) AS (
        SELECT split_part(account, ':', 3), currency, sum(amount_minor), 0
        FROM ledger_entries WHERE account LIKE 'cash:connected:%' GROUP BY account, currency
        UNION ALL
        SELECT seller_id::text, currency, 0, available_minor + paying_out_minor - owed_minor FROM seller_balances
        UNION ALL
        SELECT transfer.seller_id::text, transfer.currency, 0, sum(reversal.amount_minor - reversal.covered_minor)
        FROM ${CURRENT_REVERSALS} AS reversal JOIN seller_transfers AS transfer ON transfer.id = reversal.transfer_id
        WHERE reversal.status IN ('pending', 'permanently_failed')
        GROUP BY transfer.seller_id, transfer.currency
      )
      SELECT 'seller ' || seller_id AS subject,
             format('%s %s is at the connected account, balances and open shares say %s',
                    sum(cash_minor), currency, sum(claimed_minor)) AS detail
      FROM parts GROUP BY seller_id, currency HAVING sum(cash_minor) <> sum(claimed_minor)`,
    );
  },
};
