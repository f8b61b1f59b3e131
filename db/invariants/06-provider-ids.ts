import { sql } from 'drizzle-orm';
import { CURRENT_REVERSALS, CURRENT_TRANSFERS, type Invariant, violations } from './invariant.ts';

/** A refund's id at the PSP is our id, unless it was made there. */
export const providerIds: Invariant = {
  number: 6,
  title: 'provider ids are unique: no two rows claim one object of a provider',
  check(tx) {
    return violations(
      tx,
      sql`
      WITH claims (object, object_id, claimant) AS (
        SELECT 'payment', payment_id, 'order/' || id FROM orders WHERE payment_id <> ''
        UNION ALL
        SELECT 'payment', id::text, 'invoice/' || invoice_id FROM invoice_payments
        UNION ALL
        SELECT 'payment', id::text, 'card set-up ' || id FROM card_setups
        UNION ALL
        SELECT 'card', provider_payment_method_id, 'user ' || user_id FROM payment_methods
        UNION ALL
        SELECT 'refund', id::text, 'refund/' || id FROM refunds WHERE kind IN ('requested', 'payment_returned')
        UNION ALL
        SELECT 'refund', hyperswitch_refund_id, 'refund/' || id FROM refunds
        WHERE hyperswitch_refund_id <> ''
          AND (hyperswitch_refund_id <> id::text OR kind NOT IN ('requested', 'payment_returned'))
        UNION ALL
        SELECT 'Stripe transfer', stripe_transfer_id, 'transfer/' || id FROM ${CURRENT_TRANSFERS} AS transfer
        WHERE stripe_transfer_id <> ''
        UNION ALL
        SELECT 'Stripe transfer under the key', idempotency_key, 'transfer/' || id FROM ${CURRENT_TRANSFERS} AS transfer
        WHERE idempotency_key <> ''
        UNION ALL
        SELECT 'Stripe reversal', stripe_reversal_id, 'reversal/' || id FROM ${CURRENT_REVERSALS} AS reversal
        WHERE stripe_reversal_id <> ''
        UNION ALL
        SELECT 'Stripe reversal under the key', idempotency_key, 'reversal/' || id FROM ${CURRENT_REVERSALS} AS reversal
        WHERE idempotency_key <> ''
        UNION ALL
        SELECT 'dispute', provider_dispute_id, 'dispute ' || id FROM disputes
        UNION ALL
        SELECT 'payout', external_payout_id, 'payout/' || id FROM seller_payouts WHERE external_payout_id <> ''
        UNION ALL
        SELECT 'payout under the key', idempotency_key, 'payout/' || id FROM seller_payouts WHERE idempotency_key <> ''
        UNION ALL
        SELECT 'Stripe account', stripe_account_id, 'user ' || user_id FROM seller_accounts WHERE stripe_account_id <> ''
      )
      SELECT object || ' ' || object_id AS subject,
             format('%s rows claim it, among them %s and %s', count(*), min(claimant), max(claimant)) AS detail
      FROM claims GROUP BY object, object_id HAVING count(*) > 1`,
    );
  },
};
