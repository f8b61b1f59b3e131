import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runOpsHere } from '../harness/processes.ts';
import { createEmptyDatabase } from '../harness/services.ts';
import { makePerson } from '../harness/shop.ts';
import {
  type Desk,
  exceptionsOf,
  EXPORT_HEADER,
  exportOf,
  leftovers,
  MOVED_AT,
  openDesk,
  opsEnv,
  reconciled,
  reconcileStatement,
  settlementFileRow,
  stripeId,
  transferLine,
} from './support.ts';

let desk: Desk;
let world: Desk['world'];
let files: Desk['files'];
let books: Desk['books'];
beforeAll(async () => {
  desk = await openDesk();
  ({ world, files, books } = desk);
});
afterAll(() => desk.close());

describe('npm run ops -- reconcile-statement', () => {
  it('bad rows: names line and column, goes on, exits 1', async () => {
    const transfer = await books.transfer((await books.order({ connectorTransactionId: null })).id);
    const file = await files.write(
      'bad.csv',
      exportOf(transferLine('tr_x', 'much'), transferLine(transfer.stripeTransferId)),
    );
    const { code, stdout, stderr } = await reconcileStatement(world, file);
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('matching') as string });
    expect(stdout).toMatch(
      /bad_row {2}line 2 {2}column Amount: expected a decimal such as 12\.50 in USD, found "much"/,
    );
    expect(stdout).toContain('bad.csv (stripe_balance_export): 2 rows');
    expect(stdout).toContain('matched  1 transfer');
    expect(stdout).toMatch(/1 open: GET \/api\/v1\/admin\/statements\/[0-9a-f-]{36}\/exceptions/);
  });

  it('the same file again, under another name, is the same settlement file: nothing is found twice', async () => {
    const text = exportOf(transferLine(stripeId('tr'), '-7.77'));
    const first = await reconciled(world, await files.write('first.csv', text));
    const second = await reconciled(world, await files.write('second.csv', text));
    expect(second.printed).toEqual(first.printed);
    expect(second.exceptions).toEqual(first.exceptions);
  });

  it('two at once share one settlement file', async () => {
    const text = exportOf(
      ...Array.from({ length: 12_000 }, (_, n) => transferLine(`tr_at_once_${n}`, '-1.00')),
    );
    const file = await files.write('at-once.csv', text);
    const [one, other] = await Promise.all([
      reconcileStatement(world, file, '--json'),
      reconcileStatement(world, file, '--json'),
    ]);
    expect(one.stdout, one.stderr).toBe(other.stdout);
    const printed = JSON.parse(one.stdout) as { statement_id: string; rows: number; exceptions: object };
    expect(printed).toMatchObject({ rows: 12_000, exceptions: { missing_here: 12_000 } });
    expect(await leftovers(world)).toEqual({ rows: 0, claims: 0 });
  });

  it('only a header: nothing to match, exit 0', async () => {
    const { code, stdout } = await reconcileStatement(
      world,
      await files.write('header.csv', `${EXPORT_HEADER}\n`),
    );
    expect(code).toBe(0);
    expect(stdout).toContain('0 rows');
    expect(stdout).toContain('what no row names was not looked for');
  });

  it.each<[string, () => Promise<string[]>, RegExp]>([
    ['no such file', async () => ['/no/such/file.csv'], /there is no file/],
    ['a folder', async () => ['/'], /is not a file/],
    ['an empty file', async () => [await files.write('empty.csv', '')], /is empty/],
    [
      'an unknown layout',
      async () => [await files.write('unknown.csv', 'Datum,Betrag\n1,2\n')],
      /its columns: Datum, Betrag[\s\S]*stripe_balance_export has: Type, Source[\s\S]*hyperswitch_refunds has: [\s\S]*--mapping/,
    ],
    [
      'a report without the column that says what it is about',
      async () => [
        await files.write(
          'short.csv',
          'balance_transaction_id,created_utc,currency,gross,reporting_category\n',
        ),
      ],
      /nearest: stripe_balance_report, but there is no column source_id/,
    ],
    [
      'what is not text',
      async () => [await files.write('image.png', Buffer.from([0x89, 0x50, 0, 0xff, 0x0a, 1, 2]))],
      /in no layout/,
    ],
    [
      "another provider's file",
      async () => [await files.write('other.csv', exportOf()), '--provider', 'hyperswitch'],
      /in no layout that is known[\s\S]*hyperswitch_payments has/,
    ],
    [
      'a provider that nobody knows',
      async () => ['x.csv', '--provider', 'adyen'],
      /--provider: expected one of/,
    ],
    ['no file', async () => [], /expected one FILE/],
    [
      'a mapping file that cannot be used',
      async () => [
        await files.write('m.csv', 'a\n1\n'),
        '--mapping',
        await files.write('m.json', JSON.stringify({ provider: 'stripe', columns: { reference: 'a' } })),
      ],
      /cannot be used:\n {2}columns\.amount: [\s\S]*columns\.time/,
    ],
    [
      'a mapping file that is not JSON',
      async () => [await files.write('n.csv', 'a\n1\n'), '--mapping', await files.write('n.json', '{')],
      /is not JSON/,
    ],
  ])('%s: says so, exit 2', async (_, args, line) => {
    const { code, stdout, stderr } = await runOpsHere(
      ['reconcile-statement', ...(await args())],
      opsEnv(world),
    );
    expect(stderr).toMatch(line);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  });

  it('no database, no Temporal: says so, exit 2, and the rows that are stored wait', async () => {
    const file = await files.write('no-engine.csv', exportOf(transferLine(stripeId('tr'))));
    const env = world.env as Record<string, string>;
    const without = (name: string, value: string) => ({ env: { ...env, [name]: value } });
    const noEngine = await reconcileStatement(without('TEMPORAL_ADDRESS', '127.0.0.1:1'), file);
    expect(noEngine).toMatchObject({ code: 2, stdout: '' });
    expect(noEngine.stderr).toContain('no Temporal server answers at 127.0.0.1:1');
    const empty = await createEmptyDatabase();
    const unmigrated = await reconcileStatement(without('DATABASE_URL', empty.url), file);
    await empty.drop();
    expect(unmigrated).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('provider_statements') as string,
    });
    expect((await reconciled(world, file)).printed).toMatchObject({
      rows: 1,
      exceptions: { missing_here: 1 },
    });
  });
});

describe('layouts, from the file to what was found', () => {
  it("Stripe's balance report, by payment and by what Hyperswitch told Stripe", async () => {
    const order = await books.order();
    const [refund, other] = [
      await books.refund(order.id, { amountMinor: 400 }),
      await books.refund(order.id, { amountMinor: 600 }),
    ];
    const header =
      'balance_transaction_id,created_utc,reporting_category,source_id,gross,currency,payment_intent_id,refund_metadata[order_id]';
    const at = '2024-02-01 10:00:00';
    const file = await files.write(
      'report.csv',
      [
        header,
        `txn_1,${at},charge,ch_1,25.00,usd,${order.connectorTransactionId},`,
        `txn_2,${at},refund,re_1,-4.00,usd,${order.connectorTransactionId},${refund.id}`,
        // Without our id: the only refund of that amount of the payment.
        `txn_3,${at},refund,re_2,-6.00,usd,${order.connectorTransactionId},`,
        // And one that is in none of our rows.
        `txn_4,${at},refund,re_3,-5.00,usd,${order.connectorTransactionId},`,
      ].join('\n'),
    );
    const { printed, exceptions } = await reconciled(world, file);
    expect(printed).toMatchObject({ layout: 'stripe_balance_report', matched: { payment: 1, refund: 2 } });
    expect(exceptions).toMatchObject([{ kind: 'missing_here', ref: 're_3', line: 5 }]);
    expect(other.amountMinor).toBe(600);
  });

  it("Stripe's payouts report: those of sellers are held against ours, the platform's own are none of ours", async () => {
    const { sql } = world.database;
    const [payout, own] = [stripeId('po'), stripeId('po')];
    const seller = await makePerson(world, 'artist');
    await sql`INSERT INTO seller_payouts (id, seller_id, amount_minor, currency, status, external_payout_id, paid_at)
      VALUES (gen_random_uuid(), ${seller.id}, 5000, 'USD', 'paid', ${payout}, ${MOVED_AT.toISOString()})`;
    const line = (id: string) => `txn_${id},2026-08-21 00:00:00,${id},-50.00,usd,payout`;
    const file = await files.write(
      'payouts.csv',
      [
        'balance_transaction_id,effective_at_utc,payout_id,gross,currency,reporting_category',
        line(payout),
        line(own),
      ].join('\n'),
    );
    expect((await reconciled(world, file)).printed).toMatchObject({
      matched: { payout: 1 },
      ignored: { payout: 1 },
      exceptions: {},
    });
  });

  it("Hyperswitch's payments and refunds, by our own ids", async () => {
    const order = await books.order({ completedAt: new Date('2024-03-01T10:00:00Z') });
    const refund = await books.refund(order.id, { succeededAt: new Date('2024-03-01T11:00:00Z') });
    const payments = await files.write(
      'payments.csv',
      `payment_id,attempt_id,status,amount,currency,created_at\n${order.id},a_1,charged,2500,USD,2024-03-01 09:00:00\nunknown,a_2,charged,100,USD,2024-03-02 09:00:00\n`,
    );
    const paid = await reconciled(world, payments, '--provider', 'hyperswitch');
    expect(paid.printed).toMatchObject({ layout: 'hyperswitch_payments', matched: { payment: 1 } });
    expect(paid.exceptions).toMatchObject([{ kind: 'missing_here', ref: 'unknown' }]);
    const refunds = await files.write(
      'refunds.csv',
      `refund_id,payment_id,refund_amount,currency,refund_status,created_at\n${refund.id},${order.id},999,USD,success,2024-03-01 09:00:00\n`,
    );
    const given = await reconciled(world, refunds);
    expect(given.exceptions).toMatchObject([
      { kind: 'amount_differs', subject: `refund/${refund.id}`, theirsMinor: 999, oursMinor: 1_000 },
    ]);
  });

  it('any other by a mapping file; another mapping of the same file is another settlement file', async () => {
    const transfer = await books.transfer((await books.order({ connectorTransactionId: null })).id, {
      currency: 'EUR',
    });
    const file = await files.write(
      'bank.csv',
      `Art;Beleg;Betrag;Gebucht\nAuszahlung;${transfer.stripeTransferId};22,50;2026-08-21\nEntgelt;;0,30;2026-08-21\n`,
    );
    const mapping = {
      provider: 'stripe',
      delimiter: ';',
      columns: { type: 'Art', reference: 'Beleg', amount: 'Betrag', time: 'Gebucht' },
      types: { Auszahlung: 'transfer' },
      currency: 'EUR',
      amounts: 'major',
      decimal: ',',
      signs: 'absolute',
    };
    const path = await files.write('mapping.json', JSON.stringify(mapping));
    const found = await reconciled(world, file, '--mapping', path);
    expect(found.printed).toMatchObject({
      rows: 2,
      matched: { transfer: 1 },
      ignored: { Entgelt: 1 },
      open: 0,
    });
    const other = await files.write('other.json', JSON.stringify({ ...mapping, currency: 'USD' }));
    const again = await reconciled(world, file, '--mapping', other);
    expect(again.printed.statement_id).not.toBe(found.printed.statement_id);
    expect(await exceptionsOf(world, again.printed.statement_id)).toMatchObject([
      { detail: 'another currency' },
    ]);
    expect(await settlementFileRow(world, again.printed.statement_id)).toMatchObject({ provider: 'stripe' });
  });
});
