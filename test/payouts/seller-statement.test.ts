import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openPayout } from '../../db/payouts/open.ts';
import { settlePayout } from '../../db/payouts/settle.ts';
import { expectCleanBooks } from '../harness/books.ts';
import { openShop, type Seller, type Shop } from '../harness/shop.ts';
import { completedOrder, settledRefund } from '../harness/stories.ts';
import type { BodyOf } from '../harness/answers.ts';
import { type Person, World } from '../harness/world.ts';

type StatementBody = BodyOf<'GET', '/sellers/me/statement'>;

/** The lines of an answer. */
const linesOf = (body: StatementBody) => body['data']!;

const DAY_MS = 24 * 60 * 60 * 1000;

describe('a seller’s statement', () => {
  let world: World;
  let shop: Shop;
  let seller: Seller;
  let orderId: string;
  let partId: string;
  beforeAll(async () => {
    world = await World.create();
    shop = await openShop(world, { prices: [10_000, 5_000] });
    seller = shop.seller;
    ({ orderId } = await completedOrder(world, shop.buyer, shop.productIds));
    partId = (await settledRefund(world, shop.buyer, orderId, { amount: 1_500 })).refundId;
    await settledRefund(world, shop.buyer, orderId);
  });
  afterAll(() => world.close());

  const statement = (person: Person, query = '') => world.get(person, `/sellers/me/statement${query}`);
  const csvOf = async (person: Person, query: string, accept?: string) => {
    const response = await fetch(`${world.apiUrl}/api/v1/sellers/me/statement${query}`, {
      headers: { authorization: `Bearer ${person.token}`, ...(accept && { accept }) },
    });
    return { response, text: await response.text() };
  };
  const rowsOf = (text: string) => {
    const [names, ...rows] = text.split('\r\n').slice(0, -1);
    return rows.map((row) => {
      const fields = row.split(',');
      return Object.fromEntries(names!.split(',').map((name, index) => [name, fields[index]!]));
    });
  };

  it('each sale, fee, transfer, refund and reversal, and the balance after it', async () => {
    const { status, body } = await statement(seller, '?limit=100');
    expect(status).toBe(200);
    expect(linesOf(body).map((line) => [line['kind'], line['amount'], line['fee'], line['net']])).toEqual([
      ['sale', 10_000, 1_000, 9_000],
      ['transfer', 0, 0, 0],
      // Of 1500 the seller's items bear two thirds; the fee comes back with it.
      ['refund', -1_000, -100, -900],
      ['reversal', 0, 0, 0],
      ['refund', -9_000, -900, -8_100],
      ['reversal', 0, 0, 0],
    ]);
    const [sale, sent, refund, reversal] = linesOf(body);
    expect(sale).toMatchObject({
      order_id: orderId,
      currency: 'USD',
      balance: { total: 9_000, pending: 9_000 },
    });
    expect(sent).toMatchObject({
      changes: { pending: -9_000, available: 9_000, connected: 9_000 },
      balance: { total: 9_000, available: 9_000, connected: 9_000 },
    });
    expect(refund).toMatchObject({
      refund_id: partId,
      balance: { total: 8_100, available: 8_100, connected: 9_000 },
    });
    expect(reversal).toMatchObject({
      refund_id: partId,
      changes: { connected: -900 },
      balance: { total: 8_100 },
    });
    const nothing = {
      total: 0,
      pending: 0,
      available: 0,
      paying_out: 0,
      owed: 0,
      fees_owed: 0,
      connected: 0,
    };
    expect(body['balances']).toEqual([{ currency: 'USD', opening: nothing, closing: nothing }]);
    await expectCleanBooks(world);
  });

  it('closing is the balance that the API shows, for every seller', async () => {
    for (const person of shop.sellers) {
      const [shown] = (await world.get(person, '/sellers/me/balance')).body['balances']!;
      const [closing] = (await statement(person)).body['balances']!;
      const { currency, rest, ...parts } = shown!;
      // A part of what is pending.
      expect(rest).toBe(0);
      expect(closing).toMatchObject({ currency, closing: parts });
    }
  });

  it('a debt shows where it arises and where it is paid', async () => {
    const own = await openShop(world);
    const { orderId: firstId } = await completedOrder(world, own.buyer, own.productIds);
    // Paid out meanwhile: the refund takes more than there is.
    const payoutId = uuidv7();
    const { db, sql } = world.database;
    await sql`UPDATE seller_accounts SET payouts_enabled = true WHERE user_id = ${own.seller.id}`;
    const opened = await openPayout(db, { payoutId, ask: { sellerId: own.seller.id } }, { minimumMinor: 1 });
    expect(opened).toHaveProperty('opened');
    await settlePayout(db, payoutId, { status: 'paid', stripePayoutId: `po_${payoutId}`, message: null });
    await settledRefund(world, own.buyer, firstId);
    await completedOrder(world, own.buyer, own.productIds);

    const lines = linesOf((await statement(own.seller, '?limit=100')).body);
    expect(lines.map((line) => line['kind'])).toEqual([
      ...['sale', 'transfer', 'payout_asked', 'payout', 'refund', 'reversal', 'sale', 'transfer'],
    ]);
    expect(lines[3]).toMatchObject({ net: -9_000, payout_id: payoutId, changes: { paying_out: -9_000 } });
    expect(lines[4]).toMatchObject({
      changes: { available: 0, owed: 9_000 },
      balance: { owed: 9_000, total: -9_000 },
    });
    expect(lines.at(-1)).toMatchObject({
      changes: { pending: -9_000, owed: -9_000, available: 0 },
      balance: { owed: 0, total: 0 },
    });
    await expectCleanBooks(world);
  });

  it('pages: each once, in order, with the balances of the whole', async () => {
    const whole = (await statement(seller, '?limit=100')).body;
    const lines: ReturnType<typeof linesOf> = [];
    let cursor = '';
    do {
      const { body } = await statement(seller, `?limit=2&to=2999-01-01${cursor && `&cursor=${cursor}`}`);
      expect(body['balances']).toEqual(whole['balances']);
      lines.push(...linesOf(body));
      cursor = body['next_cursor'] ?? '';
    } while (cursor);
    expect(lines).toEqual(whole['data']);
  });

  it('CSV, by Accept or by format: opening, the same lines, closing', async () => {
    const { body } = await statement(seller, '?limit=100');
    for (const [query, accept] of [
      ['', 'text/csv'],
      ['?format=csv', 'application/json'],
    ] as const) {
      const { response, text } = await csvOf(seller, query, accept);
      expect(response.headers.get('content-type')).toBe('text/csv; charset=utf-8; header=present');
      expect(response.headers.get('content-disposition')).toMatch(
        /^attachment; filename="statement-all-\d{4}-/,
      );
      expect(response.headers.get('vary')).toContain('Accept');
      const rows = rowsOf(text);
      expect(rows.map(({ kind }) => kind)).toEqual([
        'opening',
        ...linesOf(body).map((line) => line['kind']),
        'closing',
      ]);
      for (const [index, line] of linesOf(body).entries()) {
        expect(rows[index + 1]).toMatchObject({
          at: line['at'],
          amount: String(line['amount']),
          fee: String(line['fee']),
          net: String(line['net']),
          order_id: line['order_id'],
          refund_id: line['refund_id'] ?? '',
          payout_id: '',
          transaction_id: line['transaction_id'],
          balance: String(line['balance']!['total']),
          available: String(line['balance']!['available']),
          pending_change: String(line['changes']!['pending']),
        });
      }
      expect(rows.at(-1)).toMatchObject({ kind: 'closing', currency: 'USD', balance: '0', amount: '' });
    }
  });

  it('a range: from is in it, to is not, and adjoining ones meet', async () => {
    const all = linesOf((await statement(seller, '?limit=100')).body);
    const middle = all[2]!.at;
    const before = (await statement(seller, `?limit=100&to=${middle}`)).body;
    const after = (await statement(seller, `?limit=100&from=${middle}`)).body;
    expect([...linesOf(before), ...linesOf(after)]).toEqual(all);
    expect(after['balances']![0]!['opening']).toEqual(before['balances']![0]!['closing']);
    const empty = (await statement(seller, '?from=2020-01-01&to=2020-02-01')).body;
    expect(empty).toEqual({
      from: '2020-01-01T00:00:00.000Z',
      to: '2020-02-01T00:00:00.000Z',
      balances: [],
      data: [],
      next_cursor: null,
    });
  });

  it('a day is its midnight in UTC, a time may have any offset', async () => {
    const day = new Date(Date.now() - DAY_MS).toISOString().slice(0, 10);
    expect((await statement(seller, `?from=${day}`)).body['from']).toBe(`${day}T00:00:00.000Z`);
    const offset = encodeURIComponent(`${day}T02:00:00+02:00`);
    expect((await statement(seller, `?from=${offset}`)).body['from']).toBe(`${day}T00:00:00.000Z`);
  });

  it.each([
    ['from=yesterday', 'from'],
    ['from=', 'from'],
    ['to=2026-02-30', 'to'],
    ['from=2026-01-01T00:00:00', 'from'],
    ['from=2026-02-01&to=2026-01-01', 'to'],
    ['from=0000-01-01', 'from'],
    ['from=0000-12-31T23:59:59Z', 'from'],
    ['from=0001-01-01T00:00:00%2B00:01', 'from'],
    ['to=9999-12-31T23:59:59-23:59', 'to'],
    ['to=9999-12-31T23:59:59.999-00:01', 'to'],
    ['to=2026-01-01T00:00:00Z%00', 'to'],
    ['from=2026-01-01&to=2026-01-01', 'to'],
    ['format=pdf', 'format'],
    ['limit=0', 'limit'],
    ['cursor=here', 'cursor'],
    [`cursor=${Buffer.from('after:0198f2a4-5c7e-7d3a-9b1c-2f6e8a4d0c11').toString('base64url')}`, 'cursor'],
  ])('%s is 422 and names %s', async (query, field) => {
    const { status, body } = await statement(seller, `?${query}`);
    expect({ status, code: body['code'], errors: body['errors'] }).toMatchObject({
      status: 422,
      code: 'validation_failed',
      errors: [{ field, in: 'query' }],
    });
  });

  it('the first moment and the last are dates like others', async () => {
    const { status, body } = await statement(seller, '?from=0001-01-01&to=9999-12-31T23:59:59.999Z');
    expect({ status, from: body['from'], to: body['to'] }).toEqual({
      ...{ status: 200, from: '0001-01-01T00:00:00.000Z', to: '9999-12-31T23:59:59.999Z' },
    });
  });

  it('who never sold anything has an empty one; who is not signed in has none', async () => {
    expect((await statement(shop.buyer)).body).toMatchObject({ from: null, balances: [], data: [] });
    const { text } = await csvOf(shop.buyer, '?format=csv');
    expect(rowsOf(text)).toEqual([]);
    expect((await world.get(null, '/sellers/me/statement')).status).toBe(401);
  });
});
