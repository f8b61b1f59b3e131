import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { NumberedRow } from '../../../db/settlements/load-rows.ts';
import { HYPERSWITCH_LAYOUTS } from '../../../ops/settlements/hyperswitch-layouts.ts';
import type { Layout } from '../../../ops/settlements/layout.ts';
import { readHeader, readRows } from '../../../ops/settlements/read-file.ts';
import { createRowReader } from '../../../ops/settlements/row-reader.ts';
import { STRIPE_LAYOUTS } from '../../../ops/settlements/stripe-layouts.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'veza-read-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const layoutNamed = (name: string): Layout =>
  [...STRIPE_LAYOUTS, ...HYPERSWITCH_LAYOUTS].find((layout) => layout.name === name)!;
const REPORT = layoutNamed('stripe_balance_report');
const HEADER =
  'balance_transaction_id,created_utc,reporting_category,source_id,gross,fee,net,currency,description';

async function rowsOf(text: string | Buffer, layout = REPORT): Promise<NumberedRow[]> {
  const file = join(folder, `${Math.random()}.csv`);
  await writeFile(file, text);
  const header = await readHeader(file, layout.delimiter);
  const rows: NumberedRow[] = [];
  const read = createRowReader(layout, header);
  for await (const row of readRows(file, { header, delimiter: layout.delimiter, read }, () => undefined)) {
    rows.push(row);
  }
  return rows;
}

const line = (
  fields: Partial<Record<'at' | 'category' | 'source' | 'gross' | 'currency' | 'text', string>> = {},
) => {
  const { at = '2026-08-21 10:11:12', category = 'transfer', source = 'tr_1', gross = '-22.50' } = fields;
  return `txn_1,${at},${category},${source},${gross},0,${gross},${fields.currency ?? 'usd'},${fields.text ?? ''}`;
};
const fileOf = (...lines: readonly string[]) => `${[HEADER, ...lines].join('\n')}\n`;
const badOf = (row: NumberedRow | undefined) => (row && 'bad' in row.read ? row.read.bad : null);
const goodOf = (row: NumberedRow | undefined) => (row && 'row' in row.read ? row.read.row : null);

describe('a file', () => {
  it('with a byte order mark, CRLF, quoted fields over several lines and empty lines is read all the same', async () => {
    const text = [
      HEADER,
      line({ text: '"Sale of ""Blue"",\r\nand more"' }),
      '',
      line({ source: 'tr_2' }),
      line({ source: 'tr_3', gross: 'x' }),
    ];
    const rows = await rowsOf(Buffer.from(`\uFEFF${text.join('\r\n')}`));
    expect(rows.map(({ rowNumber, line: at }) => [rowNumber, at])).toEqual([
      [1, 2],
      [2, 5],
      [3, 6],
    ]);
    expect(goodOf(rows[0])).toEqual({
      kind: 'transfer',
      ref: 'tr_1',
      altRef: null,
      ourRef: null,
      amountMinor: 2_250,
      currency: 'USD',
      at: new Date('2026-08-21T10:11:12Z'),
    });
    expect(badOf(rows[2])).toMatchObject({ column: 'gross', found: 'x' });
  });

  it.each<[string, Parameters<typeof line>[0], { column: string; expected: RegExp }]>([
    [
      'an amount that is none',
      { gross: '12.50-' },
      { column: 'gross', expected: /decimal such as 12.50 in USD/ },
    ],
    [
      'an amount finer than its currency',
      { gross: '0.5', currency: 'jpy' },
      { column: 'gross', expected: /JPY/ },
    ],
    ['a currency that is none', { currency: 'dollars' }, { column: 'currency', expected: /ISO 4217/ }],
    ['a time that is none', { at: '21/08/2026' }, { column: 'created_utc', expected: /2026-11-22/ }],
    ['a day that no month has', { at: '2026-02-31' }, { column: 'created_utc', expected: /time/ }],
    ['no id', { source: '' }, { column: 'source_id', expected: /an id/ }],
  ])('%s: names line, column and what was expected, and goes on', async (_, fields, { column, expected }) => {
    const rows = await rowsOf(fileOf(line(), line(fields), line({ source: 'tr_9' })));
    expect(rows[1]).toMatchObject({ rowNumber: 2, line: 3 });
    expect(badOf(rows[1])).toMatchObject({ column, expected: expect.stringMatching(expected) as string });
    expect(goodOf(rows[2])?.ref).toBe('tr_9');
  });

  it('whose last line is cut off: by columns, and inside of a quote', async () => {
    expect(badOf((await rowsOf(`${fileOf(line())}txn_2,2026-08-2`))[1])).toEqual({
      column: null,
      expected: '9 columns',
      found: '2',
    });
    const rows = await rowsOf(`${fileOf(line())}${line({ text: '"Sale of' })}`);
    expect(rows.map(({ rowNumber }) => rowNumber)).toEqual([1, 2]);
    expect(rows[1]).toMatchObject({ line: 3, read: { bad: { expected: 'a closing quote' } } });
  });

  it('with a stray quote: only its own field is spoilt', async () => {
    const rows = await rowsOf(
      fileOf(line(), line({ text: 'a "b" c' }), line({ text: '"a" b' }), line({ source: 'tr_4' })),
    );
    expect(rows.map(({ line: at }) => at)).toEqual([2, 3, 4, 5]);
    expect(rows.map((row) => goodOf(row)?.ref)).toEqual(['tr_1', 'tr_1', 'tr_1', 'tr_4']);
  });

  it('with a quote that is never closed: the row says how many lines it has swallowed', async () => {
    const rows = await rowsOf(
      fileOf(
        line(),
        line({ text: '"Sale' }),
        line({ source: 'tr_3' }),
        line({ text: '"b"' }),
        line({ source: 'tr_5' }),
      ),
    );
    expect(rows.map((row) => [row.line, badOf(row)?.found ?? goodOf(row)?.ref])).toEqual([
      [2, 'tr_1'],
      [3, 'nothing, up to line 5'],
      [6, 'tr_5'],
    ]);
  });

  it('that is not CSV ends the reading, and says so', async () => {
    await expect(rowsOf(`${fileOf(line())}"${'x'.repeat(2_000_000)}`)).rejects.toThrow(
      /cannot be read as CSV/,
    );
  });

  it('is numbered the same each time, bad rows and all', async () => {
    const lines = Array.from({ length: 5_000 }, (_, n) =>
      n % 7 === 0
        ? line({ gross: 'x' })
        : n % 11 === 0
          ? line({ text: 'a "b' })
          : line({ source: `tr_${n}` }),
    );
    const [first, second] = [await rowsOf(fileOf(...lines)), await rowsOf(fileOf(...lines))];
    expect(first).toEqual(second);
    expect(first.map(({ rowNumber }) => rowNumber)).toEqual(lines.map((_, index) => index + 1));
    expect(first.map(({ line: at }) => at)).toEqual(lines.map((_, index) => index + 2));
  });

  it('without rows, or without anything', async () => {
    expect(await rowsOf(`${HEADER}\n`)).toEqual([]);
    expect(await readHeader(await written(''), ',')).toEqual([]);
  });
});

async function written(text: string): Promise<string> {
  const file = join(folder, `${Math.random()}.csv`);
  await writeFile(file, text);
  return file;
}

describe("Stripe's balance report", () => {
  it('by category; signs, zero- and three-decimal currencies; what is nothing to our books', async () => {
    const rows = await rowsOf(
      fileOf(
        line({ category: 'charge', source: 'ch_1', gross: '1200', currency: 'jpy' }),
        line({ category: 'refund', source: 're_1', gross: '-1.234', currency: 'kwd' }),
        line({ category: 'transfer_reversal', source: 'trr_1', gross: '9.00' }),
        line({ category: 'payout', source: 'po_1', gross: '-5' }),
        line({ category: 'refund_failure', source: 're_1', gross: '10.00' }),
        line({ category: 'fee', source: '', gross: '-0.30' }),
        line({ category: 'dispute', source: 'dp_1', gross: '-20.00' }),
        line({ category: 'dispute_reversal', source: 'dp_1', gross: '20.00' }),
        line({ category: 'transfer', source: 'tr_1', gross: '1.00' }),
      ),
    );
    expect(rows.map(({ read }) => ('row' in read ? [read.row.kind, read.row.amountMinor] : read))).toEqual([
      ['payment', 1_200],
      ['refund', 1_234],
      ['reversal', 900],
      ['payout', 500],
      ['refund_return', 1_000],
      { ignored: 'fee' },
      ['dispute', 2_000],
      ['dispute_return', 2_000],
      ['transfer', -100],
    ]);
  });

  it('with the columns that are asked for: payment, metadata, what the buyer saw; in any order', async () => {
    const ours = '0198f2a4-5c7e-7d3a-9b1c-2f6e8a4d0c11';
    const header =
      'currency,Gross,source_id,created_utc,reporting_category,payment_intent_id,customer_facing_amount,customer_facing_currency,payment_metadata[order_id],refund_metadata[order_id]';
    const rows = await rowsOf(
      [
        header,
        `eur,22.91,ch_1,2026-08-21T10:11:12Z,charge,pi_1,25.00,usd,${ours}_1,`,
        `eur,-9.16,re_1,2026-08-21 10:11,refund,pi_1,-10.00,usd,${ours}_1,${ours}`,
      ].join('\n'),
    );
    expect(rows.map(goodOf)).toMatchObject([
      { kind: 'payment', ref: 'ch_1', altRef: 'pi_1', ourRef: ours, amountMinor: 2_500, currency: 'USD' },
      { kind: 'refund', ref: 're_1', altRef: 'pi_1', ourRef: ours, amountMinor: 1_000, currency: 'USD' },
    ]);
  });
});

describe('other layouts', () => {
  it("Stripe's payouts report", async () => {
    const [row] = await rowsOf(
      'balance_transaction_id,effective_at_utc,payout_id,gross,fee,net,currency,reporting_category\ntxn_1,2026-08-21 00:00:00,po_1,-50.00,0,-50.00,usd,payout\n',
      layoutNamed('stripe_payouts_report'),
    );
    expect(goodOf(row)).toMatchObject({ kind: 'payout', ref: 'po_1', amountMinor: 5_000 });
  });

  it("Hyperswitch's payments and refunds, in minor units, by what became of them", async () => {
    const payments = await rowsOf(
      'payment_id,attempt_id,status,amount,currency,amount_to_capture,created_at,connector\np1,p1_1,failure,2500,USD,,2026-08-21 10:00:00,stripe\np1,p1_2,charged,2500,USD,,2026-08-21 10:01:00,stripe\n',
      layoutNamed('hyperswitch_payments'),
    );
    expect(payments.map(({ read }) => ('row' in read ? read.row.amountMinor : read))).toEqual([
      { ignored: 'failure' },
      2_500,
    ]);
    const refunds = await rowsOf(
      'refund_id,payment_id,refund_amount,currency,refund_status,created_at\nr1,p1,1000,USD,success,2026-08-21 10:00:00.123\nr2,p1,10.5,USD,success,2026-08-21\nr3,p1,1,USD,pending,2026-08-21\n',
      layoutNamed('hyperswitch_refunds'),
    );
    expect(goodOf(refunds[0])).toMatchObject({ kind: 'refund', ref: 'r1', ourRef: 'r1', amountMinor: 1_000 });
    expect(badOf(refunds[1])).toMatchObject({ column: 'refund_amount', found: '10.5' });
    expect(refunds[2]?.read).toEqual({ ignored: 'pending' });
  });
});
