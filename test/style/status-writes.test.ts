import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { MACHINE_TABLES, statusWritesIn, writesStatusInSql } from './status-writes.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Where a status may be written: one function a machine. */
const MOVE = /^db\/.+\/transition\.ts$/;
/** Tests arrange what they need, and the stand-ins' statuses are not ours. */
const NOT_OURS = new Set(['bench', 'dist', 'node_modules', 'sandbox', 'stack', 'stand-ins', 'test']);

/** What the walk finds and is right, each with its reason. A line that is not found any more has to go. */
const ALLOWED: readonly { readonly file: string; readonly what: string; readonly why: string }[] = [
  {
    file: 'db/marketplace/reversals/record-outside.ts',
    what: 'insert(transferReversals) writes status',
    why: 'a reversal seen at Stripe that is not ours has happened: its row begins, and ends, as reversed',
  },
  {
    file: 'db/marketplace/refunds/record-external-refund.ts',
    what: 'insert(refunds) writes status',
    why: 'a refund made at the PSP by somebody else has happened: its row begins as succeeded',
  },
  {
    file: 'db/subscriptions/insert.ts',
    what: 'insert(subscriptions) writes status',
    why: 'a subscription begins as one of three statuses, by what is paid for it',
  },
  {
    file: 'db/subscriptions/change.ts',
    what: 'insert(subscriptionChanges) writes status',
    why: 'a change begins as scheduled, or as pending with its invoice',
  },
  {
    file: 'db/payouts/open.ts',
    what: 'insert(sellerPayouts) spreads decision',
    why: 'an amount and its currency',
  },
  ...[
    { file: 'db/marketplace/refunds/open.ts', what: 'insert(refunds) spreads columnsOf' },
    { file: 'db/marketplace/refunds/record-external-refund.ts', what: 'insert(refunds) spreads columnsOf' },
    { file: 'db/marketplace/refunds/give-back-again.ts', what: 'insert(refunds) spreads columnsOf' },
    { file: 'db/marketplace/disputes/settle.ts', what: 'insert(disputes) spreads columnsOf' },
  ].map((where) => ({
    ...where,
    why: 'the columns that name a purchase and its payment: `orderId`, `invoiceId`, `paymentId`',
  })),
];

async function sourcesOf(extension: string): Promise<string[]> {
  const files = await readdir(ROOT, { recursive: true });
  return files.filter(
    (file) =>
      file.endsWith(extension) && !NOT_OURS.has(file.split('/')[0] ?? '') && !file.includes('node_modules/'),
  );
}

describe('no code but the moves writes a status column', () => {
  test('every source', async () => {
    const files = (await sourcesOf('.ts')).filter((file) => !MOVE.test(file));
    expect(files.length).toBeGreaterThan(100);
    const found = [];
    for (const file of files) {
      for (const { line, what } of statusWritesIn(await readFile(join(ROOT, file), 'utf8'))) {
        found.push({ file, line, what });
      }
    }
    const unexplained = found.filter(
      ({ file, what }) => !ALLOWED.some((allowed) => allowed.file === file && allowed.what === what),
    );
    expect(unexplained).toEqual([]);
    for (const { file, what } of ALLOWED) {
      expect(
        found.filter((write) => write.file === file && write.what === what),
        `${file}: ${what}`,
      ).toHaveLength(1);
    }
  });

  test('every migration', async () => {
    const files = (await sourcesOf('.sql')).filter((file) => file.startsWith('db/migrations/'));
    expect(files.length).toBeGreaterThan(1);
    for (const file of files)
      expect(writesStatusInSql(await readFile(join(ROOT, file), 'utf8')), file).toBe(false);
  });

  test('the moves are what writes it: the walk sees each of them', async () => {
    const moves = (await sourcesOf('.ts')).filter((file) => MOVE.test(file));
    expect(moves).toHaveLength(MACHINE_TABLES.length);
    for (const name of moves) {
      const writes = statusWritesIn(await readFile(join(ROOT, name), 'utf8'));
      expect(
        writes.map(({ what }) => what),
        name,
      ).toContainEqual(expect.stringMatching(/^update\(\w+\) writes status$/));
    }
  });
});

describe('the walk finds an injected violation', () => {
  test.each([
    ['plainly', `await tx.update(orders).set({ status: 'completed' }).where(eq(orders.id, id));`],
    [
      'over lines',
      `await tx\n  .update(sellerTransfers)\n  .set({\n    retryCount: 1,\n    status: 'failed',\n  })\n  .where(x);`,
    ],
    ['by shorthand', `tx.update(refunds).set({ amountMinor, status })`],
    ['by shorthand, first', `tx.update(refunds).set({ status, amountMinor })`],
    ['by a quoted key', `tx.update(disputes).set({ 'status': 'won' })`],
    ['by a computed key', `tx.update(sellerPayouts).set({ ['status']: 'paid' })`],
    ['in a conditional spread', `tx.update(orders).set({ a, ...(late && { status: 'failed' }) })`],
    ['in a spread', `tx.update(orders).set({ ...patch })`],
    ['by a variable', `tx.update(transferReversals).set(patch)`],
    ['by a function’s answer', `tx.update(orders).set(patchOf(order))`],
    ['in steps', `const update = tx.update(orders); await update.set(x);`],
    ['through the schema', `tx.update(schema.orders).set({ status: 'failed' })`],
    ['under another name', `import { orders as o } from './schema'; tx.update(o).set({ status: 'failed' })`],
    ['with a comment between', `tx.update(orders) /* why */ .set({ // here\n status: 'failed' })`],
    [
      'after a regular expression with a quote',
      `const quote = /['"]/; tx.update(orders).set({ status: 'failed' });`,
    ],
    ['inside an interpolation', 'const x = `${tx.update(orders).set({ status: "failed" })}`;'],
    ['by an insert', `tx.insert(refunds).values({ id, status: 'succeeded' })`],
    [
      'by an insert of many',
      `tx.insert(refunds).values(all.map((one) => ({ id: one.id, status: 'succeeded' })))`,
    ],
    ['by an insert of a variable', `tx.insert(orders).values(row)`],
    ['by an insert with a spread', `tx.insert(orders).values({ ...row, id })`],
    ['by an insert from a query', `tx.insert(orders).select(query)`],
    [
      'by an upsert',
      `tx.insert(orders).values({ id }).onConflictDoUpdate({ target: orders.id, set: { status: 'failed' } })`,
    ],
    ['by SQL', 'await db.execute(sql`UPDATE orders SET status = ${to} WHERE id = ${id}`)'],
    [
      'by SQL in lower case',
      `await pool.unsafe('update seller_transfers set retry_count = 1, status = $1 where id = $2')`,
    ],
    ['by quoted SQL', `await pool.unsafe('UPDATE "public"."refunds" SET "status"=$1')`],
    ['by SQL over lines', 'sql`UPDATE ${orders}\n  SET refunded_minor = 0,\n      status = 1`'],
    ['by SQL with drizzle’s column', 'sql`UPDATE ${orders} SET ${orders.status} = ${to}`'],
    ['by SQL with a named column', "sql`UPDATE orders SET ${sql.identifier('status')} = ${to}`"],
    ['by SQL with a row', 'sql`UPDATE orders SET (status, failure_reason) = (1, 2)`'],
    ['by an insert in SQL', 'sql`INSERT INTO refunds (id, status) VALUES (1, 2)`'],
    [
      'by an upsert in SQL',
      'sql`INSERT INTO orders (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET status = 2`',
    ],
    ['by an insert into drizzle’s table', 'sql`INSERT INTO ${orders} (id, status) VALUES (1, 2)`'],
  ])('%s', (_, code) => {
    expect(statusWritesIn(code)).not.toEqual([]);
  });

  test.each([
    ['an update', `UPDATE orders SET status = 'failed' WHERE status = 'pending';`],
    [
      'a trigger',
      `CREATE FUNCTION f() RETURNS trigger AS $$ BEGIN UPDATE refunds SET status = 'failed'; END $$;`,
    ],
  ])('in a migration: %s', (_, text) => {
    expect(writesStatusInSql(text)).toBe(true);
  });

  test('and says where', () => {
    expect(statusWritesIn(`const a = 1;\n\ntx.update(orders).set({ status });`)).toEqual([
      { line: 3, what: 'update(orders) writes status' },
    ]);
  });
});

describe('the walk lets pass what writes no status', () => {
  test.each([
    ['another column', `tx.update(orders).set({ reconcileCheckedAt: now })`],
    ['a guard on the status', `tx.update(refunds).set({ reason }).where(eq(refunds.status, 'pending'))`],
    ['a column whose name ends so', `tx.update(orders).set({ paymentStatus: answer.status })`],
    [
      'a value that comes from a status',
      `tx.update(orders).set({ reason: row.status === 'a' ? status : other })`,
    ],
    [
      'a conditional spread',
      `tx.update(orders).set({ a, ...(secret !== null && { paymentClientSecret: secret }) })`,
    ],
    ['another table', `tx.update(webhookEvents).set({ ...all })`],
    ['a hash', `createHash('sha256').update(bytes).digest('hex')`],
    ['an insert that begins as the table says', `tx.insert(sellerTransfers).values({ id, amountMinor })`],
    ['a comment', `// tx.update(orders).set({ status: 'failed' })`],
    ['SQL that reads', 'sql`SELECT status FROM orders WHERE status = 1`'],
    ['SQL that guards', 'sql`UPDATE orders SET refunded_minor = 1 WHERE status = 2`'],
    ['SQL of a status of no row of ours', 'sql`SET LOCAL statement_timeout = 0`'],
  ])('%s', (_, code) => {
    expect(statusWritesIn(code)).toEqual([]);
  });
});

test('the tables of the fifteen machines are walked', () => {
  expect(new Set(MACHINE_TABLES)).toEqual(
    new Set([
      ...['orders', 'refunds', 'seller_transfers', 'transfer_reversals', 'disputes', 'seller_payouts'],
      ...['approvals', 'subscriptions', 'invoices', 'invoice_payments', 'subscription_changes'],
      ...['users', 'mails', 'data_exports', 'account_deletions'],
    ]),
  );
});
