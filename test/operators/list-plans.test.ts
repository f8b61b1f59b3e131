import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Db } from '../../db/client.ts';
import { type DatabaseWithSql, openWithSql } from '../../sandbox/database.ts';
import { listAuditLog } from '../../db/kernel/list-audit-log.ts';
import { sumOpenMoney } from '../../db/operators/open-money.ts';
import { listOpenFlags } from '../../db/kernel/ops-flags.ts';
import { listOrders } from '../../db/marketplace/orders/list.ts';
import { countOutcomes } from '../../db/operators/outcomes.ts';
import type { PageAsk } from '../../db/kernel/page.ts';
import { listDeletions, listExports } from '../../db/privacy/list.ts';
import { listPayouts } from '../../db/payouts/list.ts';
import { listProducts } from '../../db/catalog/products.ts';
import { listRefundsOfOrder } from '../../db/marketplace/refunds/list.ts';
import { listReversals } from '../../db/marketplace/reversals/list.ts';
import { listSettlementExceptions } from '../../db/settlements/list.ts';
import { listTransfers } from '../../db/marketplace/transfers/list.ts';
import { listWebhookEvents } from '../../db/webhooks/list.ts';
import { listWebhooksForReplay } from '../../db/webhooks/for-replay.ts';
import { sumWork, WORK_KINDS } from '../../db/operators/work.ts';
import { DELETION_STATUSES } from '../../domain/privacy/deletion-machine.ts';
import { PAYOUT_STATUSES } from '../../domain/payouts/payout-machine.ts';
import { REVERSAL_STATUSES } from '../../domain/marketplace/reversal-machine.ts';
import { TRANSFER_STATUSES } from '../../domain/marketplace/transfer-machine.ts';
import { EXCEPTION_KINDS } from '../../domain/settlements/settlement-file.ts';
import { listStuck } from '../../operations/stuck.ts';
import { readStory } from '../../operations/story.ts';
import { WEBHOOK_OUTCOMES } from '../../db/webhooks/schema.ts';
import { createDatabaseFromTemplate, type TestDatabase } from '../harness/services.ts';
import { OPEN_EVERY } from '../db/many-rows.ts';
import { fillOperatorsRows, RARE, SETTLEMENT_FILE } from './operators-rows.ts';
import { mostReadIn, plansOf, walkedIn } from '../db/plans.ts';

// By name: `LIST_PLAN_ROWS=1000000 npx vitest run test/operators/list-plans.test.ts`.
const ROWS = Number(process.env['LIST_PLAN_ROWS'] ?? 20_000);
const OPEN_ROWS = ROWS / OPEN_EVERY;
const PAGE_ROWS = 20;
/** A page, the row beyond it, and what an index of another order has to be asked for. */
const READ_FOR_A_PAGE = 5 * (PAGE_ROWS + 1);
const FILL_TIMEOUT_MS = 60_000 + 3 * ROWS;
/** Lists of people's work, which are short, and what these rows have a few of: users and their balances. */
const SHORT = new Set(['approvals', 'provider_statements', 'users', 'seller_balances', 'plan_prices']);

let own: TestDatabase;
let database: DatabaseWithSql;
beforeAll(async () => {
  own = await createDatabaseFromTemplate();
  database = openWithSql(own.url, { maxConnections: 1, statementTimeoutMs: null });
  await fillOperatorsRows(database, ROWS);
}, FILL_TIMEOUT_MS);
afterAll(async () => {
  await database.close();
  await own.drop();
});

/** Carries the reading out, sees that it walks no table and takes no more rows than these; gives what it brought. */
async function reads<Result>(mostRows: number, read: (db: Db) => Promise<Result>): Promise<Result> {
  const { result, nodes } = await plansOf(database, read);
  expect(walkedIn(nodes).filter((table) => !SHORT.has(table))).toEqual([]);
  expect(mostReadIn(nodes)).toBeLessThanOrEqual(mostRows);
  return result;
}

const NEWEST: PageAsk = { limit: PAGE_ROWS, afterId: null, newestFirst: true };
/** The row of a kind (see `fillRows`) that stands in the middle, so that a page begins behind it. */
const middle = async (kind: number): Promise<string> => {
  const [row] = await database.db.execute<{ id: string }>(
    sql.raw(`SELECT md5('${kind}:${ROWS / 2}')::uuid AS id`),
  );
  return row!.id;
};

type List = (db: Db, ask: PageAsk) => Promise<{ readonly rows: readonly unknown[] }>;
const LISTS: readonly (readonly [name: string, kind: number, list: List])[] = [
  ['orders', 1, (db, ask) => listOrders(db, { buyerId: undefined, ask })],
  ['products', 7, (db, ask) => listProducts(db, { sellerId: undefined, ask })],
  ['transfers', 3, (db, ask) => listTransfers(db, {}, ask)],
  ['reversals', 4, (db, ask) => listReversals(db, {}, ask)],
  ['payouts', 5, (db, ask) => listPayouts(db, {}, ask)],
  ['webhook events', 6, (db, ask) => listWebhookEvents(db, { outcome: undefined, ask })],
  [
    'exceptions of a settlement file',
    12,
    (db, ask) => listSettlementExceptions(db, SETTLEMENT_FILE, {}, ask),
  ],
  ['exports', 30, (db, ask) => listExports(db, {}, ask)],
  ['deletions', 31, (db, ask) => listDeletions(db, {}, ask)],
  ['flags', 11, (db, ask) => listOpenFlags(db, ask)],
];

describe.each(LISTS)('a page of %s costs a page', (name, kind, list) => {
  // Nobody leaves so many flags open: they are read whole, and nothing of those that were cleared.
  const most = name === 'flags' ? OPEN_ROWS : READ_FOR_A_PAGE;
  test.each([true, false])('newest first: %s', async (newestFirst) => {
    const first = await reads(most, (db) => list(db, { ...NEWEST, newestFirst }));
    expect(first.rows).toHaveLength(PAGE_ROWS);
    const afterId = await middle(kind);
    await reads(most, (db) => list(db, { ...NEWEST, newestFirst, afterId }));
  });
});

describe('a filter costs a page too, also where what it looks for is rare and old', () => {
  test.each(TRANSFER_STATUSES)('transfers that are %s', async (status) => {
    await reads(READ_FOR_A_PAGE, (db) => listTransfers(db, { status }, NEWEST));
  });
  test.each(REVERSAL_STATUSES)('reversals that are %s', async (status) => {
    await reads(READ_FOR_A_PAGE, (db) => listReversals(db, { status }, NEWEST));
  });
  test.each(PAYOUT_STATUSES)('payouts that are %s', async (status) => {
    await reads(READ_FOR_A_PAGE, (db) => listPayouts(db, { status }, NEWEST));
  });
  test.each(WEBHOOK_OUTCOMES)('webhooks that were %s', async (outcome) => {
    await reads(READ_FOR_A_PAGE, (db) => listWebhookEvents(db, { outcome, ask: NEWEST }));
  });
  test.each(EXCEPTION_KINDS)('exceptions of a settlement file: %s', async (kind) => {
    await reads(READ_FOR_A_PAGE, (db) => listSettlementExceptions(db, SETTLEMENT_FILE, { kind }, NEWEST));
    await reads(READ_FOR_A_PAGE, (db) =>
      listSettlementExceptions(db, SETTLEMENT_FILE, { kind, state: 'open' }, NEWEST),
    );
  });
  test.each(DELETION_STATUSES)('deletions that are %s', async (status) => {
    // Open ones are few, and read whole.
    const most = ['undone', 'erased'].includes(status) ? READ_FOR_A_PAGE : OPEN_ROWS;
    await reads(most, (db) => listDeletions(db, { statuses: [status] }, NEWEST));
  });
  test.each([[['queued', 'building']], [['failed']]] as const)('exports that are %s', async (statuses) => {
    await reads(OPEN_ROWS, (db) => listExports(db, { statuses }, NEWEST));
  });
  test('what is found is what there is', async () => {
    const { db } = database;
    const found = [
      await listTransfers(db, { status: 'reversal_pending' }, NEWEST),
      await listReversals(db, { status: 'written_off' }, NEWEST),
      await listPayouts(db, { status: 'failed' }, NEWEST),
      await listWebhookEvents(db, { outcome: 'unhandled', ask: NEWEST }),
      await listSettlementExceptions(db, SETTLEMENT_FILE, { kind: 'amount_differs' }, NEWEST),
    ];
    for (const { rows } of found) expect(rows).toHaveLength(RARE.rows);
  });
  test('of one buyer, one seller, one order', async () => {
    const orders = await reads(READ_FOR_A_PAGE, (db) =>
      listOrders(db, { buyerId: RARE.person, ask: NEWEST }),
    );
    expect(orders.rows).toHaveLength(RARE.rows);
    const products = await reads(READ_FOR_A_PAGE, (db) =>
      listProducts(db, { sellerId: RARE.person, ask: NEWEST }),
    );
    expect(products.rows).toHaveLength(RARE.rows);
    const payouts = await reads(READ_FOR_A_PAGE, (db) => listPayouts(db, { sellerId: RARE.person }, NEWEST));
    expect(payouts.rows).toEqual([]);
    const orderId = await middle(1);
    for (const list of [
      (db: Db) => listRefundsOfOrder(db, { orderId, ask: NEWEST }),
      (db: Db) => listTransfers(db, { orderId }, NEWEST),
      (db: Db) => listReversals(db, { orderId }, NEWEST),
    ]) {
      expect((await reads<{ rows: readonly unknown[] }>(READ_FOR_A_PAGE, list)).rows).toHaveLength(1);
    }
  });
});

test('the audit log costs a page, whoever and whatever is looked for', async () => {
  const page = { beforeId: null, limit: PAGE_ROWS };
  const audit = (filter: Parameters<typeof listAuditLog>[1], beforeId: number | null = null) =>
    reads(READ_FOR_A_PAGE, (db) => listAuditLog(db, filter, { ...page, beforeId }));
  expect((await audit({})).rows).toHaveLength(PAGE_ROWS);
  expect((await audit({}, ROWS / 2)).rows).toHaveLength(PAGE_ROWS);
  expect((await audit({ action: 'reversal' })).rows).toHaveLength(PAGE_ROWS);
  expect((await audit({ actor: RARE.person })).rows).toHaveLength(RARE.rows);
  expect((await audit({ action: RARE.action })).rows).toHaveLength(RARE.rows);
  expect((await audit({ action: 'reversal.settled' })).rows).toHaveLength(RARE.rows);
  expect((await audit({ subject: 'reversal/1' })).rows).toHaveLength(1);
});

describe('what is stuck comes out of indexes that hold the open rows alone', () => {
  const DAY = { olderThanMinutes: 60 };
  const FIRST = { limit: 100 };
  test.each(WORK_KINDS)('%s', async (kind) => {
    const rows = await reads(OPEN_ROWS, (db) => listStuck({ db }, { ...DAY, kinds: [kind] }, FIRST));
    const isThere = !['approval', 'failed_transfer', 'failed_reversal'].includes(kind);
    expect(rows.length > 0).toBe(isThere);
  });
  test.each([
    ['all of it', {}],
    ['of an order', { orderId: '00000000-0000-4000-8000-00000000000f' }],
    ['of a seller', { sellerId: '00000000-0000-4000-8000-000000000001' }],
    ['of a currency', { currency: 'USD' }],
    ['above an amount', { minAmountMinor: 90 }],
    ['with an error', { error: 'refused' }],
    ['these alone', { subjects: ['order/00000000-0000-4000-8000-00000000000f'] }],
  ])('%s', async (_, filter) => {
    // All kinds are sorted as one list.
    const most = WORK_KINDS.length * OPEN_ROWS;
    await reads(most, (db) => listStuck({ db }, { ...DAY, ...filter }, { ...FIRST, offset: 100 }));
    await reads(most, (db) => sumWork(db, { ...DAY, ...filter }));
  });
  test('money in flight', async () => {
    const open = await reads(WORK_KINDS.length * OPEN_ROWS, sumOpenMoney);
    expect(
      open
        .filter(({ kind, status }) => kind === 'transfer' && status !== 'failed')
        .reduce((sum, { count }) => sum + count, 0),
    ).toBe(OPEN_ROWS);
  });
});

test('success rates read what was begun in their time, and nothing before', async () => {
  // A day, or what holds a quarter of the rows where there are few: a row a second, from two hours ago.
  const hours = Math.min(24, 2 + ROWS / 4 / 3_600);
  const begun = (hours - 2) * 3_600;
  const outcomes = await reads(6 * begun, (db) => countOutcomes(db, hours));
  for (const { kind, succeeded, failed, open } of outcomes) {
    const counted = succeeded + failed + open;
    expect(counted, kind).toBeGreaterThan(begun * 0.95);
    expect(counted, kind).toBeLessThanOrEqual(begun);
  }
});

test('webhooks to be dispatched again: those of one outcome and time, the oldest first', async () => {
  const most = 501;
  // One in a hundred is open, and is passed on the way to those that are not.
  const read = most + 2 * (most / OPEN_EVERY);
  for (const filter of [
    ...WEBHOOK_OUTCOMES.map((outcome) => ({ outcome })),
    { olderThanMinutes: 60 },
    { newerThanMinutes: 180 },
    { outcome: 'unhandled', olderThanMinutes: 60 },
    { outcome: 'signalled', newerThanMinutes: 180 },
    { ids: [await middle(6)] },
  ] as const) {
    await reads(read, (db) => listWebhooksForReplay(db, filter, most));
  }
});

describe('a story costs what it tells', () => {
  test.each([
    ['an order', 1, ['order', 'refund', 'transfer', 'reversal']],
    ['a refund', 2, ['order', 'refund', 'transfer', 'reversal']],
    ['a transfer', 3, ['order', 'refund', 'transfer', 'reversal']],
    ['a reversal', 4, ['order', 'refund', 'transfer', 'reversal']],
    ['a payout', 5, ['payout']],
    ['a webhook', 6, ['webhook']],
    ['a flag', 11, ['order', 'refund', 'dispute']],
    ['a subscription', 21, ['subscription', 'invoice']],
    ['an invoice', 22, ['subscription', 'invoice']],
    ['an export', 30, ['export']],
  ])('of %s', async (_, kind, told) => {
    const id = await middle(kind);
    const story = await reads(READ_FOR_A_PAGE, (db) => readStory(db, id));
    expect(story.rows.map((row) => row.kind)).toEqual(expect.arrayContaining(told));
    expect(story.events.length).toBeGreaterThan(0);
  });
});
