import { type SQL, sql } from 'drizzle-orm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type DatabaseWithSql, openWithSql } from '../../sandbox/database.ts';
import { countSweepRows, listSweepRows, type SweepAsk, sweepQuery } from '../../db/reconcile/sweep.ts';
import { retireLooks } from '../../db/reconcile/retire-looks.ts';
import { type Phase, PHASES } from '../../domain/reconcile/reconcile.ts';
import { createDatabaseFromTemplate, type TestDatabase } from '../harness/services.ts';
import { fillRows, OPEN_EVERY } from '../db/many-rows.ts';
import { mostReadIn, planOf, plansOf, walkedIn } from '../db/plans.ts';

// By name: `SWEEP_PLAN_ROWS=1000000 npx vitest run test/reconcile/sweep-plans.test.ts`.
const ROWS = Number(process.env['SWEEP_PLAN_ROWS'] ?? 20_000);
const IN_FORCE = ROWS / OPEN_EVERY;
/** How many rows a phase may read: those that are open, and of subscriptions all that say they are paid for. */
const readMax = (phase: Phase) => ROWS / OPEN_EVERY + (phase === 'overdue_subscriptions' ? 2 * IN_FORCE : 0);
const FILL_TIMEOUT_MS = 60_000 + 2 * ROWS;

let own: TestDatabase;
let database: DatabaseWithSql;
beforeAll(async () => {
  own = await createDatabaseFromTemplate();
  database = openWithSql(own.url, { maxConnections: 1, statementTimeoutMs: null });
  await fillRows(database, ROWS);
  await watchSome(database);
  await neverDue(database);
  await inForce(database);
}, FILL_TIMEOUT_MS);
afterAll(async () => {
  await database.close();
  await own.drop();
});

/** Orders, and attempts to pay invoices, that failed and whose payments are watched. */
async function watchSome({ db }: DatabaseWithSql): Promise<void> {
  await db.execute(sql`
    UPDATE orders SET status = 'failed', captured_minor = NULL, captured_currency = NULL,
      payment_watched_until = now() + interval '10 days'
    FROM generate_series(${OPEN_EVERY / 2}::int, ${ROWS - 1}::int, ${OPEN_EVERY}) AS n WHERE id = md5('1:' || n)::uuid`);
  await db.execute(sql`
    UPDATE invoice_payments SET status = 'failed', received_minor = NULL, received_currency = NULL, asked_at = created_at,
      watched_until = now() + interval '10 days'
    FROM generate_series(${OPEN_EVERY / 2}::int, ${ROWS - 1}::int, ${OPEN_EVERY}) AS n WHERE id = md5('22:' || n)::uuid`);
  await db.execute(sql`ANALYZE orders`);
  await db.execute(sql`ANALYZE invoice_payments`);
}

/** On Free, where nothing is ever due, as many as all others together; and as many phantoms as others are open. */
async function neverDue({ db }: DatabaseWithSql): Promise<void> {
  const everybody = sql`generate_series(1, ${ROWS}::int) AS n`;
  const isPhantom = sql.raw(`n % ${OPEN_EVERY} = 0`);
  await db.execute(sql`INSERT INTO users (id, email, role)
    SELECT md5('free:' || n)::uuid, 'free-' || n || '@veza.test', 'user' FROM ${everybody}`);
  await db.execute(sql`INSERT INTO subscriptions (id, user_id, price_id, status, created_at)
    SELECT md5('never due:' || n)::uuid, md5('free:' || n)::uuid,
      (SELECT id FROM plan_prices WHERE plan_id = CASE WHEN ${isPhantom} THEN 'premium' ELSE 'free' END AND billing_cycle = 'monthly'),
      'active', now() - interval '3 hours' FROM ${everybody}`);
  await db.execute(sql`ANALYZE subscriptions`);
}

/** As many as all that are open, paid for and not due; and of a tenth of them another plan was paid. */
async function inForce({ db }: DatabaseWithSql): Promise<void> {
  const everybody = sql`generate_series(1, ${IN_FORCE}::int) AS n`;
  const price = (plan: SQL) =>
    sql`(SELECT id FROM plan_prices WHERE plan_id = ${plan} AND billing_cycle = 'monthly')`;
  await db.execute(sql`INSERT INTO users (id, email, role)
    SELECT md5('in force:' || n)::uuid, 'in-force-' || n || '@veza.test', 'user' FROM ${everybody}`);
  await db.execute(sql`INSERT INTO subscriptions (id, user_id, price_id, status, next_due_at, created_at)
    SELECT md5('in force:' || n)::uuid, md5('in force:' || n)::uuid, ${price(sql`'premium'`)}, 'active',
      now() + interval '9 days', now() - interval '3 hours' FROM ${everybody}`);
  await db.execute(sql`INSERT INTO invoices (id, subscription_id, price_id, reason, status, number, period_start, period_end, amount_minor, currency,
      hyperswitch_payment_id, issued_to, paid_at, created_at)
    SELECT md5('in force:' || n)::uuid, md5('in force:' || n)::uuid,
      ${price(sql`CASE WHEN n % 10 = 0 THEN 'creator' ELSE 'premium' END`)}, 'first', 'paid', 'FORCE-' || n,
      now() - interval '3 hours', now() + interval '9 days', 1999, 'USD', 'force ' || n, '{}', now(), now() FROM ${everybody}`);
  await db.execute(sql`ANALYZE subscriptions`);
  await db.execute(sql`ANALYZE invoices`);
}

/** Somebody who has one row of each kind, the newest of all. */
async function somebodyElse({ db }: DatabaseWithSql): Promise<void> {
  const who = sql`'00000000-0000-4000-8000-000000000002'::uuid`;
  const id = (name: string) => sql`md5(${`other ${name}`})::uuid`;
  const at = sql`now() - interval '61 minutes'`;
  await db.execute(sql`INSERT INTO users (id, email, role) VALUES (${who}, 'other@veza.test', 'user')`);
  const order = (name: string, status: string, watched: boolean, captured: boolean) =>
    db.execute(sql`INSERT INTO orders (id, buyer_id, total_minor, currency, status, payment_id, created_at,
        payment_watched_until, captured_minor, captured_currency)
      VALUES (${id(name)}, ${who}, 100, 'USD', ${status}, ${`other ${name}`}, ${at},
        ${watched ? sql`now()` : null}, ${captured ? 100 : null}, ${captured ? 'USD' : null})`);
  await order('pending', 'pending', false, false);
  await order('watched', 'failed', true, false);
  for (const refund of ['stuck', 'orphan']) {
    await order(refund, 'refund_pending', false, true);
    await db.execute(sql`INSERT INTO refunds (id, order_id, requested_by, amount_minor, currency, hyperswitch_refund_id, created_at)
      VALUES (${id(`${refund} refund`)}, ${id(refund)}, ${who}, 100, 'USD', ${refund === 'stuck' ? 'other' : null}, ${at})`);
  }
  await order('sold', 'completed', false, true);
  await db.execute(sql`INSERT INTO seller_transfers (id, order_id, seller_id, amount_minor, currency, status, completed_at, created_at)
    VALUES (${id('transfer')}, ${id('sold')}, ${who}, 90, 'USD', 'completed', now(), ${at})`);
  await db.execute(sql`INSERT INTO transfer_reversals (id, transfer_id, amount_minor, status, next_retry_at, created_at)
    VALUES (${id('reversal')}, ${id('transfer')}, 90, 'pending', now(), ${at})`);
  await db.execute(sql`INSERT INTO seller_payouts (id, seller_id, amount_minor, currency, created_at)
    VALUES (${id('payout')}, ${who}, 90, 'USD', ${at})`);
}

const ask = (phase: Phase): SweepAsk => ({
  phase,
  lookedBefore: new Date().toISOString(),
  engineRebuilt: false,
  orderStuckAfterMs: 1_800_000,
  refundStuckAfterMs: 1_800_000,
  refundOrphanAfterMs: 300_000,
  invoiceStuckAfterMs: 1_800_000,
  billing: { time: { scale: 1, startMs: 0 }, renewalGraceMs: 259_200_000 },
});

/** Of a handful of rows, which are read whole; and of none here. */
const SHORT = ['plans', 'plan_prices', 'card_setups'];
const longWalkedIn = (nodes: Parameters<typeof walkedIn>[0]) =>
  walkedIn(nodes).filter((table) => !SHORT.includes(table));

const explain = (phase: Phase) => planOf(database, sweepQuery(ask(phase), 50));

test.each(PHASES)('%s: a batch comes out of indexes, which hold the open rows alone', async (phase) => {
  const nodes = await explain(phase);
  expect(longWalkedIn(nodes)).toEqual([]);
  const scans = nodes.filter((node) => node['Index Name'] !== undefined);
  expect(scans.length).toBeGreaterThan(0);
  for (const scan of scans) expect(scan['Actual Rows']).toBeLessThanOrEqual(readMax(phase));
  expect(await listSweepRows(database.db, ask(phase), 50)).toHaveLength(50);
});

test.each(PHASES)('%s: what a drain has before it is counted in indexes too', async (phase) => {
  const { result, nodes } = await plansOf(database, (db) => countSweepRows(db, ask(phase)));
  expect(longWalkedIn(nodes)).toEqual([]);
  // Of work there are five kinds, and half of the refunds are the PSP's to go on with. Outside there are payments that
  // are not too old and disputes that could not be booked, and the PSP's list.
  const kinds = {
    lost_work: 4.5,
    stuck_orders: 1,
    // And attempts.
    ended_orders: 2,
    inbox: 1,
    outside: 3,
    stuck_refunds: 0.5,
    orphan_refunds: 0.5,
    stuck_invoices: 1,
    // Those that are late, and phantoms: what is never due, and what another plan was paid for.
    overdue_subscriptions: 2.1,
  };
  expect(result).toBe(Math.round(kinds[phase] * (ROWS / OPEN_EVERY)) + (phase === 'outside' ? 1 : 0));
  expect(mostReadIn(nodes)).toBeLessThanOrEqual(5 * (ROWS / OPEN_EVERY));
});

test('rows that were looked at come last', async () => {
  const { db } = database;
  const first = await listSweepRows(db, ask('stuck_orders'), 3);
  await db.execute(
    sql`UPDATE orders SET reconcile_checked_at = now() - interval '1 day' WHERE id = ${first[0]!}::uuid`,
  );
  const then = await listSweepRows(db, ask('stuck_orders'), ROWS);
  expect(then.at(-1)).toBe(first[0]);
  expect(new Set(then).size).toBe(then.length);
});

test('who has many rows hides nobody: one of each person comes before a second one of anybody', async () => {
  const { db } = database;
  await somebodyElse(database);
  const idOf = async (name: string) => {
    const [row] = await db.execute<{ id: string }>(sql`SELECT md5(${`other ${name}`})::uuid AS id`);
    return row!.id;
  };
  const THEIRS: Readonly<Record<Phase, readonly string[]>> = {
    stuck_orders: ['pending'],
    stuck_refunds: ['stuck refund'],
    orphan_refunds: ['orphan refund'],
    ended_orders: ['watched'],
    lost_work: ['pending', 'stuck refund', 'reversal', 'payout'],
    // Of webhooks, those about one thing: each of the many is about another.
    inbox: [],
    // Each comes round, whoever has how many.
    outside: [],
    stuck_invoices: [],
    overdue_subscriptions: [],
  };
  for (const phase of PHASES) {
    const theirs = await Promise.all(THEIRS[phase].map(idOf));
    // Five kinds of work have each their own first ones.
    const parts = phase === 'lost_work' ? 5 : 1;
    // Of attempts, each of the many is somebody else's.
    const others = phase === 'ended_orders' ? ROWS / OPEN_EVERY : 0;
    const first = await listSweepRows(db, ask(phase), 2 * parts + others);
    expect(
      theirs.filter((id) => !first.some((ref) => ref.endsWith(id))),
      phase,
    ).toEqual([]);
  }
});

test('outside: what is too old to be looked at leaves the queue by an index, however much there is', async () => {
  const { db } = database;
  await db.execute(sql`
    UPDATE orders SET created_at = created_at - interval '181 days'
    WHERE captured_minor IS NOT NULL AND NOT outside_over AND id IN (
      SELECT id FROM orders WHERE captured_minor IS NOT NULL AND NOT outside_over LIMIT 20)`);
  const before = await countSweepRows(db, ask('outside'));
  const { nodes } = await plansOf(database, (planned) => retireLooks(planned));
  expect(walkedIn(nodes)).toEqual([]);
  expect(mostReadIn(nodes)).toBeLessThanOrEqual(ROWS / OPEN_EVERY);
  const [over] = await db.execute<{ count: number }>(
    sql`SELECT count(*)::int AS count FROM orders WHERE outside_over AND created_at < now() - interval '180 days'`,
  );
  expect(over?.count).toBe(20);
  expect(await countSweepRows(db, ask('outside'))).toBe(before);
});
