import { sql } from 'drizzle-orm';
import type { SubscriptionLabel } from '../../engine/port/subscriptions.ts';
import type { DatabaseWithSql } from '../../sandbox/database.ts';
import { SECRETS } from '../stack.ts';
import { inParallel } from '../sides/parallel.ts';
import type { Providers } from '../sides/providers.ts';

/** The seeded price of Creator by the month. */
const PRICE = '01998000-0000-7000-8000-000000000002';
const PLAN = 'creator';
const PRICE_MINOR = 999;
const CURRENCY = 'USD';
const CHUNK = 10_000;
const PUTTING_CARDS_ON_FILE_AT_ONCE = 20;

export interface Cohort {
  /** What its ids are made of. */
  readonly name: string;
  /** Its rows are those from here on, up to `to`, which is none of them. */
  readonly from: number;
  readonly to: number;
  /** When the period that is paid ends, as SQL. */
  readonly endsAt: ReturnType<typeof sql>;
}

/** Subscribers of a plan whose period is paid, each with a card on file and no workflow yet. */
export async function fillSubscriptions(
  { db }: DatabaseWithSql,
  { name, from, to, endsAt }: Cohort,
): Promise<void> {
  const id = (kind: string) => sql.raw(`md5('${name} ${kind}:' || n)::uuid`);
  for (let first = from; first < to; first += CHUNK) {
    const numbers = sql`generate_series(${first}::int, ${Math.min(first + CHUNK, to) - 1}::int) AS n`;
    const startsAt = sql`${endsAt} - interval '1 month'`;
    await db.execute(sql`
      INSERT INTO users (id, email, role, is_verified)
      SELECT ${id('user')}, ${name} || n || '@bench.veza.example', 'user', true FROM ${numbers}`);
    await db.execute(sql`
      INSERT INTO payment_methods (id, user_id, provider_payment_method_id, brand, last4, exp_month, exp_year)
      SELECT ${id('card')}, ${id('user')}, ${id('card')}::text, 'Visa', '4242', 10, 2030 FROM ${numbers}`);
    await db.execute(sql`
      INSERT INTO subscriptions (id, user_id, price_id, status, anchor_at, current_period_start, current_period_end, payment_method_id, created_at)
      SELECT ${id('subscription')}, ${id('user')}, ${PRICE}::uuid, 'active', ${startsAt}, ${startsAt}, ${endsAt}, ${id('card')}, ${startsAt} FROM ${numbers}`);
    await db.execute(sql`
      INSERT INTO invoices (id, subscription_id, price_id, reason, status, number, period_start, period_end, amount_minor, currency,
        hyperswitch_payment_id, issued_to, paid_at, created_at)
      SELECT ${id('invoice')}, ${id('subscription')}, ${PRICE}::uuid, 'first', 'paid', ${name} || '-' || n, ${startsAt}, ${endsAt},
        ${PRICE_MINOR}, ${CURRENCY}, ${id('invoice')}::text, '{}', ${startsAt}, ${startsAt} FROM ${numbers}`);
    await db.execute(sql`
      INSERT INTO invoice_payments (id, invoice_id, attempt, on_session, amount_minor, currency, status, received_minor, received_currency)
      SELECT ${id('invoice')}, ${id('invoice')}, 1, true, ${PRICE_MINOR}, ${CURRENCY}, 'succeeded', ${PRICE_MINOR}, ${CURRENCY} FROM ${numbers}`);
    await db.execute(sql`
      INSERT INTO revenue_schedules (id, invoice_id, amount_minor, currency, starts_at, ends_at)
      SELECT ${id('schedule')}, ${id('invoice')}, ${PRICE_MINOR}, ${CURRENCY}, ${startsAt}, ${endsAt} FROM ${numbers}`);
  }
  await db.execute(sql`ANALYZE`);
}

/** What their workflows are started with. */
export async function labelsOf(
  { db }: DatabaseWithSql,
  { name, from, to }: Pick<Cohort, 'name' | 'from' | 'to'>,
): Promise<readonly SubscriptionLabel[]> {
  const rows = await db.execute<{ id: string }>(sql`
    SELECT md5(${name} || ' subscription:' || n)::uuid AS id FROM generate_series(${from}::int, ${to - 1}::int) AS n`);
  return rows.map(({ id: subscriptionId }) => ({
    subscriptionId,
    planId: PLAN,
    status: 'active',
    amountMinor: PRICE_MINOR,
    currency: CURRENCY,
  }));
}

/** Has the PSP keep a card of each: their first payment, which is paid there, and of which it says nothing. */
export async function putCardsOnFile(
  { db }: DatabaseWithSql,
  providers: Providers,
  pspUrl: string,
  { name, from, to }: Pick<Cohort, 'name' | 'from' | 'to'>,
): Promise<void> {
  const rows = await db.execute<{ invoice_id: string; user_id: string; card_id: string }>(sql`
    SELECT md5(${name} || ' invoice:' || n)::uuid AS invoice_id, md5(${name} || ' user:' || n)::uuid AS user_id,
      md5(${name} || ' card:' || n)::uuid AS card_id FROM generate_series(${from}::int, ${to - 1}::int) AS n`);
  const kept: { card_id: string; method_id: string }[] = [];
  await inParallel(
    rows,
    async ({ invoice_id: paymentId, user_id: customerId, card_id: cardId }) => {
      const answer = await fetch(`${pspUrl}/payments`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'api-key': SECRETS.HYPERSWITCH_API_KEY },
        body: JSON.stringify({
          ...{ payment_id: paymentId, customer_id: customerId, amount: PRICE_MINOR, currency: CURRENCY },
          ...{ setup_future_usage: 'off_session', confirm: false },
        }),
      });
      if (!answer.ok) throw new Error(`a payment was answered ${answer.status}: ${await answer.text()}`);
      await answer.arrayBuffer();
      await providers.control(pspUrl, 'pay', { paymentId, webhook: false });
      const paid = await fetch(`${pspUrl}/payments/${paymentId}`, {
        headers: { 'api-key': SECRETS.HYPERSWITCH_API_KEY },
      });
      const { payment_method_id: methodId } = (await paid.json()) as { payment_method_id: string };
      kept.push({ card_id: cardId, method_id: methodId });
    },
    PUTTING_CARDS_ON_FILE_AT_ONCE,
  );
  await db.execute(sql`
    UPDATE payment_methods SET provider_payment_method_id = kept.method_id
    FROM jsonb_to_recordset(${JSON.stringify(kept)}::text::jsonb) AS kept (card_id uuid, method_id text) WHERE id = kept.card_id`);
}
