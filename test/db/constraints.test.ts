import { sql, type SQL } from 'drizzle-orm';
import { beforeAll, describe, expect, test } from 'vitest';
import type { DatabaseWithSql } from '../../sandbox/database.ts';
import { ownDatabase, type Story, storyOn } from '../marketplace/verbs.ts';

let database: DatabaseWithSql;
let story: Story;
let orderId: string;
let refundId: string;
let reversalId: string;

beforeAll(async () => {
  database = await ownDatabase();
  story = await storyOn(database);
  orderId = await story.complete();
  const refund = await story.refund(await story.complete(), 100);
  refundId = refund.refundId;
  reversalId = refund.reversals[0]!.reversalId;
  await database.sql`INSERT INTO audit_log (actor, action, subject) VALUES ('system', 'test', 'none')`;
});

/** The name of the rule that refuses it, or what PostgreSQL says. */
async function refusalOf(statement: SQL): Promise<string> {
  try {
    await database.db.execute(statement);
    return 'nothing refuses it';
  } catch (error) {
    const cause = (error as { cause?: { constraint_name?: string; message: string } }).cause;
    return cause?.constraint_name ?? cause?.message ?? String(error);
  }
}

describe('the ledger and the audit log are append-only', () => {
  test.each(['ledger_entries', 'audit_log'])('%s', async (table) => {
    const name = sql.identifier(table);
    const refusal = `${table} is append-only`;
    expect(await refusalOf(sql`UPDATE ${name} SET id = DEFAULT`)).toBe(refusal);
    expect(await refusalOf(sql`DELETE FROM ${name}`)).toBe(refusal);
    expect(await refusalOf(sql`TRUNCATE ${name}`)).toBe(refusal);
    expect(await refusalOf(sql`DELETE FROM ${name} WHERE false`)).toBe(refusal);
    const [{ count }] =
      (await database.sql`SELECT count(*)::int AS count FROM ${database.sql(table)}`) as unknown as [
        { count: number },
      ];
    expect(count).toBeGreaterThan(0);
  });
});

describe('PostgreSQL refuses', () => {
  const cases: readonly (readonly [name: string, constraint: string, statement: () => SQL])[] = [
    [
      'a transfer in reversal_pending without next_retry_at',
      'seller_transfers_reversal_has_next',
      () => sql`UPDATE seller_transfers SET next_retry_at = NULL WHERE status = 'reversal_pending'`,
    ],
    [
      'a pending reversal without next_retry_at',
      'transfer_reversals_open_has_next',
      () => sql`UPDATE transfer_reversals SET next_retry_at = NULL WHERE id = ${reversalId}`,
    ],
    [
      'a failed transfer without next_retry_at',
      'seller_transfers_failed_has_next',
      () =>
        sql`UPDATE seller_transfers SET status = 'failed', completed_at = NULL WHERE order_id = ${orderId}`,
    ],
    [
      'a completed transfer without its time',
      'seller_transfers_sent_has_id',
      () => sql`UPDATE seller_transfers SET completed_at = NULL WHERE order_id = ${orderId}`,
    ],
    [
      'an asked transfer whose amount changes',
      'seller_transfers_asked_frozen',
      () => sql`UPDATE seller_transfers SET amount_minor = amount_minor - 1 WHERE order_id = ${orderId}`,
    ],
    [
      'an asked transfer without a key',
      'seller_transfers_asked_whole',
      () => sql`UPDATE seller_transfers SET idempotency_key = NULL WHERE order_id = ${orderId}`,
    ],
    [
      'more reversed than sent',
      'seller_transfers_reversed_within',
      () => sql`UPDATE seller_transfers SET reversed_minor = amount_minor + 1 WHERE order_id = ${orderId}`,
    ],
    [
      'a second transfer to the same seller',
      'seller_transfers_one_per_seller',
      () => sql`INSERT INTO seller_transfers (id, order_id, seller_id, amount_minor, currency)
                SELECT gen_random_uuid(), order_id, seller_id, 1, currency FROM seller_transfers WHERE order_id = ${orderId} LIMIT 1`,
    ],
    [
      'a second reversal for the same refund',
      'transfer_reversals_one_per_refund',
      () => sql`INSERT INTO transfer_reversals (id, transfer_id, refund_id, amount_minor, next_retry_at)
                SELECT gen_random_uuid(), transfer_id, refund_id, 1, now() FROM transfer_reversals WHERE id = ${reversalId}`,
    ],
    [
      'a reversal covered beyond its amount',
      'transfer_reversals_covered_within',
      () => sql`UPDATE transfer_reversals SET covered_minor = amount_minor + 1 WHERE id = ${reversalId}`,
    ],
    [
      'suspense of a reversal of ours',
      'transfer_reversals_suspense_only_outside',
      () => sql`UPDATE transfer_reversals SET suspense_minor = 1 WHERE id = ${reversalId}`,
    ],
    ...['pending', 'available', 'paying_out', 'owed', 'fees_owed'].map(
      (name) =>
        [
          `a balance below zero: ${name}`,
          `seller_balances_${name}_sane`,
          () => sql`UPDATE seller_balances SET ${sql.identifier(`${name}_minor`)} = -1`,
        ] as const,
    ),
    [
      'more refunded than captured',
      'orders_refunded_within_captured',
      () => sql`UPDATE orders SET refunded_minor = captured_minor + 1 WHERE id = ${orderId}`,
    ],
    [
      'a completed order without its payment',
      'orders_completed_is_captured',
      () => sql`UPDATE orders SET captured_minor = NULL, captured_currency = NULL WHERE id = ${orderId}`,
    ],
    ['two orders of one payment', 'orders_payment_key', () => sql`UPDATE orders SET payment_id = 'same'`],
    [
      'a second pending refund',
      'refunds_one_open_per_order',
      () => sql`INSERT INTO refunds (id, order_id, amount_minor, currency)
                SELECT gen_random_uuid(), ${orderId}, 1, 'EUR' FROM generate_series(1, 2)`,
    ],
    [
      'two refunds of one at the PSP',
      'refunds_provider_key',
      () => sql`INSERT INTO refunds (id, order_id, amount_minor, currency, hyperswitch_refund_id, status)
                SELECT gen_random_uuid(), order_id, 1, 'EUR', hyperswitch_refund_id, 'failed' FROM refunds WHERE id = ${refundId}`,
    ],
    [
      'more beyond the captured amount than the refund',
      'refunds_excess_within_amount',
      () => sql`UPDATE refunds SET excess_minor = amount_minor + 1 WHERE id = ${refundId}`,
    ],
    [
      'an entry of nothing',
      'ledger_entries_moves_something',
      () => sql`INSERT INTO ledger_entries (transaction_id, account, amount_minor, currency, kind, of_kind, of_id, root_kind, root_id)
                VALUES (gen_random_uuid(), 'cash:psp', 0, 'EUR', 'order_completed', 'order', ${orderId}, 'order', ${orderId})`,
    ],
    [
      'a currency that is none',
      'ledger_entries_currency_iso',
      () => sql`INSERT INTO ledger_entries (transaction_id, account, amount_minor, currency, kind, of_kind, of_id, root_kind, root_id)
                VALUES (gen_random_uuid(), 'cash:psp', 1, 'euro', 'order_completed', 'order', ${orderId}, 'order', ${orderId})`,
    ],
    ...['of', 'root'].map(
      (name) =>
        [
          `an entry whose ${name} is of a kind that nobody posts`,
          `ledger_entries_${name}_kind_known`,
          () => sql`INSERT INTO ledger_entries (transaction_id, account, amount_minor, currency, kind, of_kind, of_id, root_kind, root_id)
                    VALUES (gen_random_uuid(), 'cash:psp', 1, 'EUR', 'order_completed', ${name === 'of' ? 'cart' : 'order'}, ${orderId},
                      ${name === 'root' ? 'cart' : 'order'}, ${orderId})`,
        ] as const,
    ),
    [
      'one Stripe account of two sellers',
      'seller_accounts_stripe_account_key',
      () => sql`UPDATE seller_accounts SET stripe_account_id = 'acct_same'`,
    ],
    [
      'an account that was asked for without a key',
      'seller_accounts_asked_whole',
      () => sql`UPDATE seller_accounts SET asked_at = now(), idempotency_key = NULL`,
    ],
    [
      'the same e-mail address in capitals',
      'users_email_key',
      () => sql`INSERT INTO users (id, email, role) SELECT gen_random_uuid(), upper(email), role FROM users`,
    ],
    ...['orders', 'refunds', 'seller_transfers', 'transfer_reversals'].map(
      (table) =>
        [
          `a status of ${table} that the machine does not know`,
          `${table}_status_known`,
          () => sql`UPDATE ${sql.identifier(table)} SET status = 'unheard_of'`,
        ] as const,
    ),
  ];

  test.each(cases)('%s', async (_, constraint, statement) => {
    expect(await refusalOf(statement())).toBe(constraint);
  });
});
