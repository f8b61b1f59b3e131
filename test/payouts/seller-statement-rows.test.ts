import fc from 'fast-check';
import { v7 as uuidv7 } from 'uuid';
import { beforeAll, describe, expect, test } from 'vitest';
import type { DatabaseWithSql } from '../../sandbox/database.ts';
import { listBalances } from '../../db/payouts/balances.ts';
import {
  readFurtherLines,
  readSellerStatement,
  type SellerStatementLine,
} from '../../db/payouts/seller-statement.ts';
import { failRefund } from '../../db/marketplace/refunds/fail.ts';
import { openPayout } from '../../db/payouts/open.ts';
import { openRefund } from '../../db/marketplace/refunds/open.ts';
import { recordExternalRefund } from '../../db/marketplace/refunds/record-external-refund.ts';
import { recordOutsideReversals } from '../../db/marketplace/reversals/record-outside.ts';
import { settlePayout } from '../../db/payouts/settle.ts';
import { settleRefund } from '../../db/marketplace/refunds/settle.ts';
import {
  accountOf,
  addParts,
  NOTHING,
  type SellerStatementParts,
} from '../../domain/payouts/seller-statement.ts';
import { addProduct } from '../harness/api.ts';
import { mostReadIn, plansOf, walkedIn } from '../db/plans.ts';
import { PURCHASE_TERMS, PURCHASES, ownDatabase, type Story, storyOn } from '../marketplace/verbs.ts';
import { createPurchases } from '../../db/purchases.ts';

const LATER = () => new Date(Date.now() + 60_000);
const ALL = { limit: 100_000, afterId: null };

let database: DatabaseWithSql;
let story: Story;
/** By currency: each order is of one. */
let baskets: string[][];

beforeAll(async () => {
  database = await ownDatabase();
  story = await storyOn(database);
  await database.sql`UPDATE seller_accounts SET payouts_enabled = true, transfers_enabled = true`;
  const [ada, ben] = story.sellers.map(({ id }) => id);
  const dollars = { currency: 'USD', priceMinor: 3_333 };
  baskets = [
    [story.products[0]!.id, story.products[2]!.id],
    [story.products[1]!.id],
    [await addProduct(database, ada!, dollars), await addProduct(database, ben!, dollars)],
  ];
});

const STEPS = [
  'pay',
  'send',
  'refund',
  'keep',
  'fail',
  'outside',
  'reverse',
  'elsewhere',
  'payout',
  'word',
] as const;
const HAPPENED = [
  ...['order_completed', 'transfer_completed', 'refund_succeeded', 'reversal_done', 'outside_reversal'],
  ...['payout_asked', 'payout_paid', 'payout_failed', 'payout_returned'],
];
type Step = readonly [step: (typeof STEPS)[number], pick: number];
const steps = fc.array(fc.tuple(fc.constantFrom(...STEPS), fc.nat(10_000)), { minLength: 5, maxLength: 20 });

/** One step of a story, where it is possible now; what the rules refuse changes nothing. */
async function play([step, pick]: Step): Promise<void> {
  const { db, sql } = database;
  const any = <T>(rows: readonly T[]): T | undefined => rows[pick % Math.max(rows.length, 1)];
  const ids = async (rows: PromiseLike<readonly { id: string }[]>) => any((await rows).map(({ id }) => id));
  const orderId = await ids(
    sql<{ id: string }[]>`SELECT id FROM orders WHERE captured_minor > refunded_minor`,
  );
  if (step === 'pay') return void (await story.pay(any(baskets)));
  if (step === 'send') {
    const id = await ids(sql<{ id: string }[]>`SELECT id FROM seller_transfers WHERE status = 'pending'`);
    if (id) await story.send(id);
  }
  if (step === 'reverse') {
    const id = await ids(sql<{ id: string }[]>`SELECT id FROM transfer_reversals WHERE status = 'pending'`);
    if (id) await story.reverse(id);
  }
  if (step === 'elsewhere') {
    const [row] = await sql<{ id: string; left: number }[]>`
      SELECT id, (amount_minor - reversed_minor)::int AS left FROM seller_transfers
      WHERE status = 'completed' AND amount_minor > reversed_minor ORDER BY id LIMIT 1`;
    if (row === undefined) return;
    const seen = {
      stripeReversalId: story.stripeId('trr'),
      amountMinor: (pick % row.left) + 1,
      reversalId: null,
    };
    await recordOutsideReversals(db, row.id, [seen], null);
  }
  if (step === 'payout') {
    const ask = { sellerId: any(story.sellers)!.id, currency: pick % 2 ? 'EUR' : 'USD' };
    await openPayout(db, { payoutId: uuidv7(), ask }, { minimumMinor: 1 });
  }
  if (step === 'word') {
    const id = await ids(sql<{ id: string }[]>`SELECT id FROM seller_payouts WHERE status <> 'failed'`);
    const status = pick % 2 ? 'paid' : 'failed';
    if (id) await settlePayout(db, id, { status, stripePayoutId: `po_${id}`, message: null });
  }
  if (orderId === undefined) return;
  if (step === 'outside') {
    const { currency } = await story.order(orderId);
    const outside = { providerRefundId: uuidv7(), amountMinor: pick + 1, currency };
    await recordExternalRefund(db, { kind: 'order', id: orderId }, outside, PURCHASES);
  }
  if (step === 'refund' || step === 'keep' || step === 'fail') {
    const purchases =
      step === 'keep' ? createPurchases({ ...PURCHASE_TERMS, REFUND_FEE_POLICY: 'keep' }) : PURCHASES;
    const refundId = uuidv7();
    const caller = { userId: story.buyer.id, role: 'user' } as const;
    const opened = await openRefund(
      db,
      { refundId, ask: { orderId, caller, amount: (pick % 2_000) + 1 } },
      purchases,
    );
    if ('refused' in opened) return;
    if (step === 'fail') await failRefund(db, refundId, { message: 'the PSP says no' }, purchases);
    else await settleRefund(db, refundId, { providerRefundId: refundId }, purchases);
  }
}

const sumOf = (lines: readonly SellerStatementLine[], currency: string): SellerStatementParts =>
  lines
    .filter((line) => line.currency === currency)
    .reduce((sum, line) => addParts(sum, line.change), NOTHING);

async function statementOf(sellerId: string, from: Date | null, to: Date) {
  const statement = await readSellerStatement(database.db, { sellerId, from, to }, ALL);
  return statement!;
}

describe('a statement', () => {
  const kinds = new Set<string>();

  test('closes with the balances, whatever happened; its lines lead there from its opening', async () => {
    await fc.assert(
      fc.asyncProperty(steps, fc.nat(1_000), fc.integer({ min: 1, max: 7 }), async (played, cut, limit) => {
        for (const step of played) await play(step);
        for (const { id: sellerId } of story.sellers) {
          const to = LATER();
          const whole = await statementOf(sellerId, null, to);
          const balances = await listBalances(database.db, sellerId);
          for (const row of balances) {
            const closing = whole.closing.get(row.currency) ?? NOTHING;
            const [cash] = await database.sql<{ minor: number }[]>`
              SELECT coalesce(sum(amount_minor), 0)::float8 AS minor FROM ledger_entries
              WHERE account = ${accountOf(sellerId, 'connected')} AND currency = ${row.currency}`;
            expect(closing).toEqual({
              pending: row.pendingMinor,
              available: row.availableMinor,
              paying_out: row.payingOutMinor,
              owed: row.owedMinor,
              fees_owed: row.feesOwedMinor,
              connected: cash!.minor,
            });
            expect(sumOf(whole.lines, row.currency)).toEqual(closing);
            const last = whole.lines.findLast((line) => line.currency === row.currency);
            expect(last?.balance ?? NOTHING).toEqual(closing);
          }
          for (const { kind } of whole.lines) kinds.add(kind);
          await expectCutsMeet(sellerId, whole.lines, cut, to);
          await expectPagesMeet(sellerId, whole.lines, limit, to);
        }
      }),
      { numRuns: 25, seed: 20_261_122 },
    );
    // The stories were not about nothing.
    expect([...kinds]).toEqual(expect.arrayContaining(HAPPENED));
  }, 240_000);

  /** Adjoining ranges: every line is in exactly one, and one's closing balance is the next one's opening. */
  async function expectCutsMeet(
    sellerId: string,
    lines: readonly SellerStatementLine[],
    cut: number,
    to: Date,
  ) {
    if (lines.length === 0) return;
    const middle = lines[cut % lines.length]!.at;
    const first = await statementOf(sellerId, null, middle);
    const second = await statementOf(sellerId, middle, to);
    expect(second.opening).toEqual(first.closing);
    expect([...first.lines, ...second.lines]).toEqual(lines);
  }

  async function expectPagesMeet(
    sellerId: string,
    lines: readonly SellerStatementLine[],
    limit: number,
    to: Date,
  ) {
    const range = { sellerId, from: null, to };
    const expected = lines.slice(0, limit * 3);
    const paged: SellerStatementLine[] = [];
    let afterId: string | null = null;
    for (let page = 0; page < 3; page += 1) {
      const read = await readSellerStatement(database.db, range, { limit, afterId });
      paged.push(...read!.lines);
      afterId = read!.nextAfterId;
      if (afterId === null) break;
    }
    expect(paged).toEqual(expected);
    if (lines.length <= limit) return;
    const [first] = [await readSellerStatement(database.db, range, { limit, afterId: null })];
    const further = await readFurtherLines(database.db, range, {
      limit: lines.length,
      afterId: first!.nextAfterId!,
    });
    expect([...first!.lines, ...further.lines]).toEqual(lines);
  }

  test('postings of one moment keep their order, and pages do not lose any of them', async () => {
    const sellerId = story.sellers[0]!.id;
    const at = new Date('2020-01-01T00:00:00Z');
    const made = Array.from({ length: 7 }, () => uuidv7());
    for (const transactionId of made) {
      await database.sql`
        INSERT INTO ledger_entries (transaction_id, account, amount_minor, currency, kind, of_kind, of_id, root_kind, root_id, created_at)
        SELECT ${transactionId}, account, amount_minor, 'EUR', 'order_completed', 'order', ${transactionId}::uuid, 'order',
          ${transactionId}::uuid, ${at.toISOString()}
        FROM (VALUES (${accountOf(sellerId, 'pending')}, -5), ('cash:psp', 5)) AS entry (account, amount_minor)`;
    }
    const range = { sellerId, from: at, to: new Date(at.getTime() + 1) };
    const seen: string[] = [];
    let afterId: string | null = null;
    do {
      const page = await readSellerStatement(database.db, range, { limit: 2, afterId });
      for (const line of page!.lines) {
        seen.push(line.transactionId);
        expect(line.balance.pending).toBe(seen.length * 5);
      }
      afterId = page!.nextAfterId;
    } while (afterId !== null);
    expect(seen).toEqual(made);
  });

  test('a posting of somebody else is no place to go on from', async () => {
    const [mine, theirs] = story.sellers.map(({ id }) => id);
    const { lines } = await statementOf(theirs!, null, LATER());
    const own = await statementOf(mine!, null, LATER());
    const foreign = lines.find(
      (line) => !own.lines.some((line2) => line2.transactionId === line.transactionId),
    );
    const range = { sellerId: mine!, from: null, to: LATER() };
    const afterId = foreign?.transactionId ?? uuidv7();
    expect(await readSellerStatement(database.db, range, { limit: 1, afterId })).toBeNull();
  });
});

describe('of a seller of very many postings', () => {
  const ROWS = Number(process.env['STATEMENT_ROWS'] ?? 4_000);
  const MANY = '00000000-0000-4000-8000-00000000cafe';
  const LIMIT = 20;
  const startAt = Date.parse('2021-01-01T00:00:00Z');
  const minutesIn = (minutes: number) => new Date(startAt + minutes * 60_000);

  beforeAll(async () => {
    const { sql } = database;
    // One a minute, every other one of somebody else; written in two parts, the later one first.
    for (const [from, to] of [
      [ROWS + 1, 2 * ROWS],
      [1, ROWS],
    ]) {
      await sql`
        INSERT INTO ledger_entries (transaction_id, account, amount_minor, currency, kind, of_kind, of_id, root_kind, root_id, created_at)
        SELECT md5('many:' || n)::uuid, account, amount_minor, 'EUR', 'order_completed', 'order', md5('many:' || n)::uuid,
          'order', md5('many:' || n)::uuid, ${minutesIn(0).toISOString()}::timestamptz + n * interval '1 minute'
        FROM generate_series(${from!}::int, ${to!}::int) AS n, LATERAL (VALUES
          ('seller:' || CASE n % 2 WHEN 0 THEN ${MANY}::uuid ELSE md5((n % 200)::text)::uuid END || ':pending', -1),
          ('cash:psp', 1)) AS entry (account, amount_minor)`;
    }
    await sql`ANALYZE ledger_entries, seller_postings`;
  }, 120_000);

  const asks: Readonly<Record<string, { from: Date | null; to: Date; afterRow: number | null }>> = {
    'its first page': { from: null, to: minutesIn(3 * ROWS), afterRow: null },
    'a page in its middle': { from: null, to: minutesIn(3 * ROWS), afterRow: ROWS },
    'its last page': { from: null, to: minutesIn(3 * ROWS), afterRow: 2 * ROWS - 2 * 10 },
    'a range of its middle': { from: minutesIn(ROWS), to: minutesIn(ROWS + ROWS / 2), afterRow: null },
    'a range after its end': { from: minutesIn(3 * ROWS), to: minutesIn(4 * ROWS), afterRow: null },
  };
  test.each(Object.entries(asks))('%s reads its page and no more', async (_, { from, to, afterRow }) => {
    const [after] = await database.sql<
      { id: string }[]
    >`SELECT md5('many:' || ${afterRow ?? 0}::int)::uuid AS id`;
    const range = { sellerId: MANY, from, to };
    const ask = { limit: LIMIT, afterId: afterRow === null ? null : after!.id };
    const { result: page, nodes } = await plansOf(database, (db) => readSellerStatement(db, range, ask));
    // What lines name is found by its key; where it fits into a page of the disk, PostgreSQL reads that instead.
    const named = ['order_items', 'refund_allocations', 'transfer_reversals'];
    expect(walkedIn(nodes).filter((table) => !named.includes(table))).toEqual([]);
    expect(mostReadIn(nodes)).toBeLessThanOrEqual(LIMIT + 1);
    // Row n of two is theirs, so n / 2 stand up to there.
    const upTo = (at: Date) => Math.floor(Math.min((at.getTime() - startAt - 1) / 60_000, 2 * ROWS) / 2);
    expect(page!.closing.get('EUR')?.pending).toBe(upTo(to));
    expect(page!.opening.get('EUR')?.pending ?? 0).toBe(from === null ? 0 : upTo(from));
    const before = afterRow === null ? (from === null ? 0 : upTo(from)) : afterRow / 2;
    expect(page!.lines.map((line) => line.balance.pending)).toEqual(
      Array.from({ length: Math.min(LIMIT, upTo(to) - before) }, (_line, index) => before + index + 1),
    );
  });

  test('a page more of the file does too', async () => {
    const [after] = await database.sql<{ id: string }[]>`SELECT md5('many:' || ${ROWS}::int)::uuid AS id`;
    const range = { sellerId: MANY, from: null, to: minutesIn(3 * ROWS) };
    const { nodes } = await plansOf(database, (db) =>
      readFurtherLines(db, range, { limit: LIMIT, afterId: after!.id }),
    );
    expect(mostReadIn(nodes)).toBeLessThanOrEqual(LIMIT + 1);
  });

  test('what is kept is what the ledger says, of every posting', async () => {
    expect(
      await database.sql`
        SELECT seller_id, created_at, pending_minor, said FROM (
          SELECT *, sum(pending_change) OVER (PARTITION BY seller_id, currency ORDER BY created_at, first_entry_id) AS said
          FROM seller_postings) AS kept
        WHERE pending_minor <> said`,
    ).toHaveLength(0);
  });
});

test('one that began earlier and posts later stands before, and moves what stands behind it', async () => {
  const sellerId = uuidv7();
  const enter = (tx: Pick<DatabaseWithSql['sql'], 'unsafe'>, minor: number) =>
    tx.unsafe(
      `INSERT INTO ledger_entries (transaction_id, account, amount_minor, currency, kind, of_kind, of_id, root_kind, root_id)
       SELECT id, $1, $2, 'EUR', 'order_completed', 'order', id, 'order', id FROM gen_random_uuid() AS id`,
      [accountOf(sellerId, 'pending'), -minor],
    );
  await enter(database.sql, 1);
  await database.sql.begin(async (early) => {
    await early`SELECT now()`;
    await enter(database.sql, 10);
    await enter(early, 100);
  });
  const { lines, closing } = await statementOf(sellerId, null, LATER());
  expect(lines.map(({ change, balance }) => [change.pending, balance.pending])).toEqual([
    [1, 1],
    [100, 101],
    [10, 111],
  ]);
  expect(closing.get('EUR')?.pending).toBe(111);
});
