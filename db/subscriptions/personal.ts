import { type SQL, sql } from 'drizzle-orm';
import { asId, ABUSE, ofThose, BOOKS, own, type PersonalPart, TO_ERASED, TO_NULL } from '../kernel/index.ts';

const subscriptionsOf = (person: SQL) => sql`SELECT id FROM subscriptions WHERE user_id = ${person}`;
const invoicesOf = (person: SQL) => sql`
  SELECT invoices.id FROM subscriptions JOIN invoices ON invoices.subscription_id = subscriptions.id
  WHERE subscriptions.user_id = ${person}`;

/** The class of each column of the subscriptions' tables, and how a person's rows are found. */
export const SUBSCRIPTIONS_PERSONAL: PersonalPart = {
  tables: [
    {
      table: 'credit_notes',
      key: ['number'],
      of: [],
      none: ['number', 'invoice_id', 'refund_id', 'amount_minor', 'created_at'],
    },
    {
      table: 'revenue_schedules',
      key: ['id'],
      of: [],
      none: ['id', 'invoice_id', 'amount_minor', 'recognised_minor', 'currency', 'starts_at', 'ends_at'],
    },
    {
      table: 'invoice_payments',
      key: ['id'],
      of: [ofThose('invoice_id', invoicesOf)],
      since: 'created_at',
      none: [
        ...['id', 'invoice_id', 'attempt', 'on_session', 'payment_method_id', 'status', 'provider_status'],
        ...['decline_code', 'decline_class', 'client_secret_expires_at', 'captured_at', 'asked_at'],
        ...['last_asked_at', 'end_requested_at', 'buyer_asks_again', 'reconcile_checked_at', 'watched_until'],
        ...['outside_checked_at', 'outside_over', 'created_at'],
      ],
      pseudonym: ['connector_transaction_id'],
      erase: { error_message: TO_NULL, client_secret: TO_NULL },
      law: { amount_minor: BOOKS, currency: BOOKS, received_minor: BOOKS, received_currency: BOOKS },
    },
    {
      table: 'invoice_lines',
      key: ['id'],
      of: [ofThose('invoice_id', invoicesOf)],
      none: ['id', 'invoice_id', 'position', 'kind'],
      law: { description: BOOKS, amount_minor: BOOKS },
    },
    {
      table: 'subscription_changes',
      key: ['id'],
      of: [],
      none: ['id', 'subscription_id', 'to_price_id', 'quoted_at', 'invoice_id', 'status', 'created_at'],
    },
    {
      table: 'invoices',
      key: ['id'],
      of: [ofThose('subscription_id', subscriptionsOf)],
      none: [
        ...['id', 'subscription_id', 'price_id', 'reason', 'status', 'refunded_minor', 'issuer', 'paid_at'],
        'created_at',
      ],
      pseudonym: ['hyperswitch_payment_id'],
      law: {
        number: BOOKS,
        period_start: BOOKS,
        period_end: BOOKS,
        amount_minor: BOOKS,
        currency: BOOKS,
        tax_minor: BOOKS,
        issued_to: BOOKS,
      },
    },
    {
      table: 'card_setups',
      key: ['id'],
      of: [ofThose('subscription_id', subscriptionsOf)],
      none: [
        ...['id', 'subscription_id', 'provider_status', 'asked_at', 'ended_at', 'reconcile_checked_at'],
        'created_at',
      ],
      erase: { client_secret: TO_NULL },
    },
    {
      table: 'subscriptions',
      key: ['id'],
      of: [],
      none: [
        ...['id', 'price_id', 'status', 'anchor_at', 'period_index', 'current_period_start'],
        ...['current_period_end', 'trial_end', 'cancel_requested_at', 'cancel_cause', 'payment_method_id'],
        ...['card_begun_at', 'next_due_at', 'dunning_since', 'dunning_index', 'moves_to_price_id'],
        ...['moves_price_after', 'ended_at', 'end_reason', 'work_checked_at', 'created_at'],
      ],
      pseudonym: ['user_id'],
    },
    {
      // Payments refer to it, so the row stays.
      table: 'payment_methods',
      key: ['id'],
      of: [own('user_id')],
      none: ['id', 'replaced_at', 'refused_at', 'created_at'],
      pseudonym: ['user_id'],
      erase: {
        provider_payment_method_id: sql`'erased-' || id`,
        fingerprint_hash: TO_NULL,
        brand: TO_ERASED,
        last4: sql`'0000'`,
        exp_month: sql`0`,
        exp_year: sql`0`,
      },
    },
    {
      table: 'trial_uses',
      key: ['user_id'],
      of: [own('user_id')],
      none: ['used_at'],
      pseudonym: ['user_id'],
      law: { email_hash: ABUSE, fingerprint_hash: ABUSE },
    },
    {
      table: 'trial_cards',
      key: ['fingerprint_hash', 'user_id'],
      of: [],
      pseudonym: ['user_id'],
      law: { fingerprint_hash: ABUSE },
    },
    {
      // A former row of subscriptions, as that one is classed.
      table: 'phantom_subscriptions',
      key: ['id'],
      of: [],
      none: ['id', 'sweep_id', 'swept_on', 'why'],
      pseudonym: ['row'],
    },
    { table: 'invoice_counters', key: ['series'], of: [], none: ['series', 'last_number'] },
    {
      table: 'plan_prices',
      key: ['id'],
      of: [],
      none: ['id', 'plan_id', 'billing_cycle', 'amount_minor', 'currency', 'valid_from', 'valid_until'],
    },
    {
      table: 'plans',
      key: ['id'],
      of: [],
      none: ['id', 'name', 'rank', 'trial_days', 'features', 'offered'],
    },
  ],
  names: (person) => sql`
    SELECT 'subscription/' || id FROM subscriptions WHERE user_id = ${person}
    UNION ALL SELECT 'invoice/' || of_person.id FROM (${invoicesOf(person)}) AS of_person
    UNION ALL SELECT 'refund/' || refunds.id
      FROM (${invoicesOf(person)}) AS of_person JOIN refunds ON refunds.invoice_id = of_person.id`,
  atProviders: (person) => sql`
    SELECT invoice_payments.id::text
      FROM (${invoicesOf(person)}) AS of_person JOIN invoice_payments ON invoice_payments.invoice_id = of_person.id
    UNION ALL SELECT card_setups.id::text
      FROM subscriptions JOIN card_setups ON card_setups.subscription_id = subscriptions.id
      WHERE subscriptions.user_id = ${person}
    UNION ALL SELECT refunds.id::text
      FROM (${invoicesOf(person)}) AS of_person JOIN refunds ON refunds.invoice_id = of_person.id
    UNION ALL SELECT refunds.hyperswitch_refund_id
      FROM (${invoicesOf(person)}) AS of_person JOIN refunds ON refunds.invoice_id = of_person.id
      WHERE refunds.hyperswitch_refund_id IS NOT NULL
    UNION ALL SELECT disputes.provider_dispute_id
      FROM (${invoicesOf(person)}) AS of_person JOIN disputes ON disputes.invoice_id = of_person.id`,
  personsAt: (about) => sql`
    SELECT user_id FROM card_setups JOIN subscriptions ON subscriptions.id = card_setups.subscription_id
      WHERE card_setups.id = ${asId(about)}
    UNION ALL SELECT user_id FROM invoices JOIN subscriptions ON subscriptions.id = invoices.subscription_id
      WHERE invoices.id IN (
        SELECT invoice_id FROM invoice_payments WHERE id = ${asId(about)}
        UNION ALL SELECT invoice_id FROM refunds WHERE id = ${asId(about)}
        UNION ALL SELECT invoice_id FROM refunds WHERE hyperswitch_refund_id = ${about}
        UNION ALL SELECT invoice_id FROM disputes WHERE provider_dispute_id = ${about})`,
};
