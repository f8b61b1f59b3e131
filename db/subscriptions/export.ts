import { type SQL, sql } from 'drizzle-orm';
import { byTime, columnsOf, type ExportPart } from '../kernel/index.ts';

/** What the subscriptions hold of a person. */
export const SUBSCRIPTIONS_EXPORT: readonly ExportPart[] = [
  {
    name: 'subscriptions',
    about: 'Your plans, and how long each ran.',
    tables: ['subscriptions'],
    columns: {
      id: sql`sub.id`,
      plan: sql`plan.name`,
      ...columnsOf('price', 'billing_cycle', 'amount_minor', 'currency'),
      ...columnsOf(
        'sub',
        ...['status', 'created_at', 'trial_end', 'current_period_start', 'current_period_end'],
        ...['cancel_requested_at', 'ended_at', 'end_reason'],
      ),
    },
    from: (person: SQL) => sql`FROM subscriptions AS sub
      JOIN plan_prices AS price ON price.id = sub.price_id JOIN plans AS plan ON plan.id = price.plan_id
      WHERE sub.user_id = ${person}`,
    ...byTime('sub'),
  },
  {
    name: 'invoices',
    about: 'What you were charged for your plans.',
    tables: ['invoices'],
    columns: {
      ...columnsOf(
        'invoice',
        ...[
          'id',
          'subscription_id',
          'number',
          'status',
          'reason',
          'amount_minor',
          'tax_minor',
          'refunded_minor',
        ],
        ...['currency', 'period_start', 'period_end', 'paid_at', 'created_at'],
      ),
      issued_to: sql`invoice.issued_to::text`,
    },
    from: (
      person: SQL,
    ) => sql`FROM subscriptions AS sub JOIN invoices AS invoice ON invoice.subscription_id = sub.id
      WHERE sub.user_id = ${person}`,
    ...byTime('invoice'),
  },
  {
    name: 'invoice_lines',
    about: 'What each of your invoices is made of.',
    tables: ['invoice_lines'],
    columns: columnsOf('line', 'invoice_id', 'position', 'kind', 'description', 'amount_minor'),
    from: (person: SQL) => sql`FROM subscriptions AS sub
      JOIN invoices AS invoice ON invoice.subscription_id = sub.id
      JOIN invoice_lines AS line ON line.invoice_id = invoice.id
      WHERE sub.user_id = ${person}`,
    since: sql`invoice.created_at`,
    order: [
      [sql`invoice.created_at`, 'timestamptz'],
      [sql`invoice.id`, 'uuid'],
      [sql`line.position`, 'integer'],
    ],
  },
  {
    name: 'payment_methods',
    about: 'Cards that you paid with, as far as we know them.',
    tables: ['payment_methods'],
    columns: columnsOf(
      'card',
      ...['id', 'brand', 'last4', 'exp_month', 'exp_year', 'created_at', 'replaced_at'],
    ),
    from: (person: SQL) => sql`FROM payment_methods AS card WHERE card.user_id = ${person}`,
    ...byTime('card'),
  },
  {
    name: 'trials',
    about: 'When you used a trial.',
    tables: ['trial_uses'],
    columns: columnsOf('trial', 'used_at'),
    from: (person: SQL) => sql`FROM trial_uses AS trial WHERE trial.user_id = ${person}`,
    since: sql`trial.used_at`,
    order: [[sql`trial.user_id`, 'uuid']],
  },
];
