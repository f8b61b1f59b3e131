import { sql, type SQL } from 'drizzle-orm';
import { beforeAll, describe, expect, test } from 'vitest';
import { checkBooks, type Workflows } from '../../db/invariants/index.ts';
import type { DatabaseWithSql } from '../../sandbox/database.ts';
import { ownDatabase, type Story } from '../marketplace/verbs.ts';
import { everyState } from './every-state.ts';

const ALL_RUNNING: Workflows = { isRunning: () => Promise.resolve(true) };
const NONE_RUNNING: Workflows = { isRunning: () => Promise.resolve(false) };

let database: DatabaseWithSql;
let story: Story;
let ids: Awaited<ReturnType<typeof everyState>>['ids'];
beforeAll(async () => {
  ({ database, story, ids } = await everyState());
});

/** Invariants that a change violates, the change undone afterwards. */
async function violatedBy(...changes: SQL[]) {
  const undo = new Error('undo');
  let found: { number: number; subjects: string[]; details: string[] }[] = [];
  await database.db
    .transaction(async (tx) => {
      // Triggers and foreign keys are off: this is what a bad restore or a hand in the database does.
      await tx.execute(sql`SET LOCAL session_replication_role = replica`);
      for (const change of changes) await tx.execute(change);
      found = (await checkInside(tx as unknown as DatabaseWithSql['db'])).map(({ number, violations }) => ({
        number,
        subjects: violations.map((violation) => violation.subject),
        details: violations.map((violation) => violation.detail),
      }));
      throw undo;
    })
    .catch((error: unknown) => {
      if (error !== undo) throw error;
    });
  return found.filter(({ subjects }) => subjects.length > 0);
}

/** The check of the books opens its own snapshot; here it has to see what this transaction changed, in a savepoint. */
const checkInside = (tx: DatabaseWithSql['db']) => checkBooks(tx);

describe('a database that only our verbs wrote', () => {
  test('violates nothing', async () => {
    const checked = await checkBooks(database.db, ALL_RUNNING);
    expect(checked.map(({ number }) => number)).toEqual([1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13]);
    expect(checked.flatMap(({ violations }) => violations)).toEqual([]);
  });

  test('an empty one neither', async () => {
    const empty = await ownDatabase();
    expect((await checkBooks(empty.db, NONE_RUNNING)).flatMap(({ violations }) => violations)).toEqual([]);
  });
});

describe('an injected violation is found', () => {
  const cases: readonly (readonly [name: string, number: number, change: () => SQL[]])[] = [
    [
      'an entry that was changed',
      1,
      () => [
        sql`UPDATE ledger_entries SET amount_minor = amount_minor + 1 WHERE id = (SELECT min(id) FROM ledger_entries)`,
      ],
    ],
    [
      'a balance that nobody posted',
      1,
      () => [
        sql`UPDATE seller_balances SET pending_minor = pending_minor + 1 WHERE seller_id = ${story.sellers[0]!.id}`,
      ],
    ],
    [
      'money set aside for a bank that no open payout names',
      1,
      () => [
        sql`INSERT INTO seller_balances (seller_id, currency, paying_out_minor) VALUES (${story.sellers[0]!.id}, 'USD', 5)`,
        sql`INSERT INTO ledger_entries (transaction_id, account, amount_minor, currency, kind, of_kind, of_id, root_kind, root_id)
            SELECT '00000000-0000-7000-8000-000000000001', account, minor, 'USD', 'payout_asked', 'order', ${ids.completed},
              'order', ${ids.completed}
            FROM (VALUES (${`seller:${story.sellers[0]!.id}:paying_out`}, -5), (${`cash:connected:${story.sellers[0]!.id}`}, 5)) AS made (account, minor)`,
      ],
    ],
    [
      'a balance that is gone',
      1,
      () => [sql`DELETE FROM seller_balances WHERE seller_id = ${story.sellers[0]!.id}`],
    ],
    [
      'a sum that is zero over two currencies',
      1,
      () => [
        sql`UPDATE ledger_entries SET currency = 'USD' WHERE id = (SELECT min(id) FROM ledger_entries WHERE account = 'cash:psp')`,
      ],
    ],
    [
      'suspended money without an order that holds it',
      1,
      () => [
        sql`INSERT INTO ledger_entries (transaction_id, account, amount_minor, currency, kind, of_kind, of_id, root_kind, root_id)
            SELECT gen_random_uuid(), 'suspense:order', -5, 'EUR', 'payment_suspended', 'order', ${ids.completed},
              'order', ${ids.completed}`,
        sql`INSERT INTO ledger_entries (transaction_id, account, amount_minor, currency, kind, of_kind, of_id, root_kind, root_id)
            SELECT transaction_id, 'cash:psp', 5, 'EUR', kind, of_kind, of_id, root_kind, root_id FROM ledger_entries ORDER BY id DESC LIMIT 1`,
      ],
    ],
    ...(['order', 'refund', 'transfer', 'reversal'] as const).map(
      (kind) =>
        [
          `an entry of a ${kind} that is not there`,
          1,
          () => [
            sql`UPDATE ledger_entries SET of_id = '00000000-0000-7000-8000-000000000001'
                WHERE transaction_id = (SELECT transaction_id FROM ledger_entries WHERE of_kind = ${kind} ORDER BY id LIMIT 1)`,
          ],
        ] as const,
    ),
    [
      'an entry in the story of another order than what it is of',
      1,
      () => [
        sql`UPDATE ledger_entries SET root_id = ${ids.completed} WHERE of_kind = 'refund' AND account <> 'suspense:seller'`,
      ],
    ],
    [
      'suspense of an outside reversal that was lost',
      1,
      () => [sql`UPDATE transfer_reversals SET suspense_minor = suspense_minor - 1 WHERE suspense_minor > 0`],
    ],
    [
      'a refunded amount that no refund made',
      2,
      () => [sql`UPDATE orders SET refunded_minor = 5 WHERE id = ${ids.completed}`],
    ],
    [
      'more refunded than captured',
      2,
      () => [
        sql`ALTER TABLE orders DROP CONSTRAINT orders_refunded_within_captured`,
        sql`UPDATE orders SET captured_minor = captured_minor - 1 WHERE id = ${ids.refunded}`,
      ],
    ],
    [
      'refunded by name only',
      2,
      () => [sql`UPDATE orders SET status = 'refunded' WHERE id = ${ids.completed}`],
    ],
    [
      'wholly refunded, by another name',
      2,
      () => [sql`UPDATE orders SET status = 'completed' WHERE id = ${ids.refunded}`],
    ],
    [
      'a licence that outlived its refund',
      2,
      () => [
        sql`UPDATE licenses SET revoked_at = NULL WHERE order_item_id = (SELECT id FROM order_items WHERE order_id = ${ids.refunded} LIMIT 1)`,
      ],
    ],
    [
      'a reversed amount that no reversal took',
      3,
      () => [sql`UPDATE seller_transfers SET reversed_minor = 7 WHERE order_id = ${ids.completed}`],
    ],
    [
      'a reversal whose transfer does not know',
      3,
      () => [sql`UPDATE seller_transfers SET reversed_minor = 0 WHERE order_id = ${ids.refunded}`],
    ],
    [
      'more reversed than sent',
      3,
      () => [
        sql`ALTER TABLE seller_transfers DROP CONSTRAINT seller_transfers_reversed_within`,
        sql`UPDATE seller_transfers SET amount_minor = 1, asked_amount_minor = 1 WHERE order_id = ${ids.refunded}`,
      ],
    ],
    [
      'an allocation that was lost',
      3,
      () => [sql`DELETE FROM refund_allocations WHERE refund_id = ${ids.pendingRefund}`],
    ],
    [
      'an allocation of suspended money',
      3,
      () => [
        sql`INSERT INTO refund_allocations (refund_id, order_item_id, seller_minor, fee_minor)
            SELECT refunds.id, order_items.id, 1, 0 FROM refunds JOIN order_items USING (order_id)
            WHERE kind = 'payment_returned' LIMIT 1`,
      ],
    ],
    [
      'refunds that take an item twice',
      3,
      () => [
        sql`UPDATE refund_allocations SET seller_minor = seller_minor + 1000000 WHERE refund_id = ${ids.pendingRefund}`,
        sql`UPDATE refunds SET amount_minor = (SELECT sum(seller_minor + fee_minor) FROM refund_allocations WHERE refund_id = refunds.id)
            WHERE id = ${ids.pendingRefund}`,
      ],
    ],
    [
      'a pending refund whose order forgot it',
      4,
      () => [
        sql`UPDATE orders SET status = 'completed' WHERE id = (SELECT order_id FROM refunds WHERE id = ${ids.pendingRefund})`,
      ],
    ],
    [
      'an order that waits for no refund',
      4,
      () => [sql`UPDATE orders SET status = 'refund_pending' WHERE id = ${ids.completed}`],
    ],
    [
      'two pending refunds',
      4,
      () => [
        sql`DROP INDEX refunds_one_open_per_order`,
        sql`INSERT INTO refunds (id, order_id, kind, amount_minor, currency)
            SELECT gen_random_uuid(), order_id, 'external', 1, currency FROM refunds WHERE id = ${ids.pendingRefund}`,
      ],
    ],
    [
      'a transfer that waits without a time',
      5,
      () => [
        sql`ALTER TABLE seller_transfers DROP CONSTRAINT seller_transfers_reversal_has_next`,
        sql`UPDATE seller_transfers SET next_retry_at = NULL WHERE status = 'reversal_pending'`,
      ],
    ],
    [
      'a reversal that waits without a time',
      5,
      () => [
        sql`ALTER TABLE transfer_reversals DROP CONSTRAINT transfer_reversals_open_has_next`,
        sql`UPDATE transfer_reversals SET next_retry_at = NULL WHERE id = ${ids.openReversal}`,
      ],
    ],
    [
      'a transfer that waits for a reversal that ended',
      5,
      () => [sql`UPDATE transfer_reversals SET status = 'permanently_failed' WHERE status = 'pending'`],
    ],
    [
      'two rows of one Stripe transfer',
      6,
      () => [
        sql`DROP INDEX seller_transfers_stripe_key`,
        sql`UPDATE seller_transfers SET stripe_transfer_id = 'tr_same' WHERE order_id = ${ids.completed}`,
      ],
    ],
    [
      'two rows of one Stripe reversal',
      6,
      () => [
        sql`DROP INDEX transfer_reversals_stripe_key`,
        sql`UPDATE transfer_reversals SET stripe_reversal_id = 'trr_same' WHERE status = 'reversed'`,
      ],
    ],
    [
      'two transfers under one idempotency key',
      6,
      () => [
        sql`UPDATE seller_transfers SET idempotency_key = 'transfer:same:1' WHERE order_id = ${ids.completed}`,
      ],
    ],
    [
      "a refund that claims another's",
      6,
      () => [
        sql`UPDATE refunds SET hyperswitch_refund_id = ${ids.pendingRefund} WHERE order_id = ${ids.refunded}`,
      ],
    ],
    [
      'two orders of one payment',
      6,
      () => [
        sql`DROP INDEX orders_payment_key`,
        sql`UPDATE orders SET payment_id = 'same' WHERE status = 'completed'`,
      ],
    ],
    [
      'cash at the connected account that nobody has',
      7,
      () => [
        sql`UPDATE ledger_entries SET amount_minor = amount_minor + 9
            WHERE id = (SELECT min(id) FROM ledger_entries WHERE account LIKE 'cash:connected:%')`,
      ],
    ],
    [
      'a share whose reversal was forgotten',
      7,
      () => [sql`UPDATE transfer_reversals SET status = 'withdrawn' WHERE id = ${ids.openReversal}`],
    ],
    [
      'two live subscriptions of one person',
      9,
      () => [
        sql`DROP INDEX subscriptions_one_live_per_user`,
        sql`UPDATE subscriptions SET user_id = (SELECT user_id FROM subscriptions WHERE id = ${ids.subscription}), status = 'active', ended_at = NULL, end_reason = NULL,
              current_period_end = NULL, current_period_start = NULL
            WHERE id = (SELECT subscription_id FROM invoices WHERE id = ${ids.refundedInvoice})`,
      ],
    ],
    [
      'a phantom that nobody flagged',
      9,
      () => [
        sql`UPDATE invoices SET hyperswitch_payment_id = '' WHERE subscription_id = ${ids.subscription}`,
      ],
    ],
    [
      'what was due two days ago and has no flag',
      9,
      () => [
        sql`UPDATE subscriptions SET next_due_at = now() - interval '2 days' WHERE id = ${ids.subscription}`,
      ],
    ],
    [
      'a paid invoice whose attempt brought another amount',
      10,
      () => [sql`UPDATE invoice_payments SET received_minor = 1 WHERE id = ${ids.invoice}`],
    ],
    [
      'an attempt that says its held money has gone back',
      10,
      () => [sql`UPDATE invoice_payments SET status = 'given_back' WHERE id = ${ids.renewal}`],
    ],
    [
      'days that were paid twice',
      10,
      () => [
        sql`UPDATE invoices SET period_start = period_start - interval '1 day' WHERE id = ${ids.renewal}`,
      ],
    ],
    [
      'a number that is missing',
      10,
      () => [sql`UPDATE invoices SET number = number || '9' WHERE id = ${ids.invoice}`],
    ],
    [
      'a refunded amount that no refund of an invoice made',
      10,
      () => [sql`UPDATE invoices SET refunded_minor = 5 WHERE id = ${ids.invoice}`],
    ],
    ['a credit note that is lost', 10, () => [sql`DELETE FROM credit_notes`]],
    [
      'a schedule that holds more than the ledger',
      11,
      () => [
        sql`UPDATE revenue_schedules SET amount_minor = amount_minor + 1 WHERE invoice_id = ${ids.invoice}`,
      ],
    ],
    [
      'money of an attempt that no posting holds',
      11,
      () => [sql`UPDATE invoice_payments SET received_minor = 1_000 WHERE id = ${ids.renewal}`],
    ],
    [
      'an account that was closed, and whose key still opens',
      12,
      () => [
        sql`UPDATE users SET status = 'erasing' WHERE id = ${story.buyer.id}`,
        sql`INSERT INTO api_keys (id, user_id, name, prefix, key_hash, scopes, reads_per_hour, writes_per_hour, made_by)
          VALUES (gen_random_uuid(), ${story.buyer.id}, 'key', 'vz', repeat('0', 64), '{read}', 1, 1, ${story.buyer.id})`,
      ],
    ],
    [
      'an account that says it is erased',
      13,
      () => [sql`UPDATE users SET status = 'erased' WHERE id = ${story.buyer.id}`],
    ],
  ];

  test.each(cases)('%s (invariant %i)', async (_, number, change) => {
    const found = await violatedBy(...change());
    expect(found.map((violated) => violated.number)).toContain(number);
    for (const violated of found) {
      for (const text of [...violated.subjects, ...violated.details]) expect(text).toMatch(/\S/);
    }
  });

  test('each invariant has a case', () => {
    expect(new Set(cases.map(([, number]) => number))).toEqual(
      new Set([1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13]),
    );
  });

  test('a violation names its row and what is wrong', async () => {
    const found = await violatedBy(sql`UPDATE orders SET refunded_minor = 5 WHERE id = ${ids.completed}`);
    expect(found).toEqual([
      {
        number: 2,
        subjects: [`order/${ids.completed}`],
        details: ['its refunds come to 0, 5 is marked as refunded'],
      },
    ]);
  });

  test('a row that a retry has taken the place of counts in none', async () => {
    const [one] = await story.reversals(
      (await database.sql`SELECT refund_id FROM transfer_reversals WHERE id = ${ids.openReversal}`)[0]![
        'refund_id'
      ] as string,
    );
    const found = await violatedBy(
      sql`UPDATE transfer_reversals SET status = 'permanently_failed', next_retry_at = NULL WHERE id = ${ids.openReversal}`,
      sql`INSERT INTO transfer_reversals (id, transfer_id, refund_id, amount_minor, status, next_retry_at, retry_of)
          VALUES (gen_random_uuid(), ${one!.transferId}, ${one!.refundId}, ${one!.amountMinor}, 'pending', now(), ${ids.openReversal})`,
    );
    expect(found).toEqual([]);
  });
});

test('the check of the books writes nothing and reads one snapshot', async () => {
  const { sql: pool } = database;
  const before = await pool`SELECT count(*) FROM ledger_entries`;
  await checkBooks(database.db);
  expect(await pool`SELECT count(*) FROM ledger_entries`).toEqual(before);
});
