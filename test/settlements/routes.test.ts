import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { auditLogOf, openFlags } from '../harness/read.ts';
import { makePerson } from '../harness/shop.ts';
import type { Answer, BodyOf } from '../harness/answers.ts';
import type { Person } from '../harness/world.ts';
import { type Desk, openDesk, transferLine } from './support.ts';

let desk: Desk;
let world: Desk['world'];
let admin: Person;
let statementId: string;
beforeAll(async () => {
  desk = await openDesk();
  ({ world } = desk);
  admin = await makePerson(world, 'admin');
  const lines = [1, 2, 3].map((n) => transferLine(`tr_${n}`, '-1.00'));
  const bad = transferLine('tr_bad', 'x');
  statementId = (await desk.reconcile('stripe-august.csv', ...lines, bad)).printed.statement_id;
});
afterAll(() => desk.close());

const dataOf = ({ body }: Answer<BodyOf<'GET', '/admin/statements/:statementId/exceptions'>>) =>
  body['data']!;
const list = (query = '') => world.get(admin, `/admin/statements/${statementId}/exceptions${query}`);
const resolve = (id: string, headers?: Record<string, string>) =>
  world.post(
    admin,
    `/admin/statement-exceptions/${id}/resolve`,
    { reason: 'The bank confirmed it' },
    headers,
  );

describe('the list of settlement files', () => {
  it('says what was matched, ignored and found, and how much is open', async () => {
    const { status, body } = await world.get(admin, '/admin/statements');
    expect(status).toBe(200);
    expect(body['data']).toMatchObject([
      {
        id: statementId,
        provider: 'stripe',
        layout: 'stripe_balance_export',
        file_name: 'stripe-august.csv',
        state: 'ended',
        rows: 4,
        exceptions: { missing_here: 3, bad_row: 1 },
        open_exceptions: 4,
      },
    ]);
  });

  it('is for admins alone', async () => {
    const seller = await makePerson(world, 'artist');
    for (const path of ['/admin/statements', `/admin/statements/${statementId}/exceptions`]) {
      expect((await world.get(seller, path)).body['code']).toBe('forbidden');
      expect((await world.get(null, path)).body['code']).toBe('unauthenticated');
    }
  });
});

describe('the exceptions of a settlement file', () => {
  it('come in the order of the file, page by page, by kind', async () => {
    const first = await list('?sort=created_at&limit=2&kind=missing_here');
    expect(dataOf(first).map((row) => row['ref'])).toEqual(['tr_1', 'tr_2']);
    expect(dataOf(first)[0]).toMatchObject({
      kind: 'missing_here',
      row_kind: 'transfer',
      line: 2,
      theirs: { amount: 100, currency: 'USD' },
      ours: null,
      resolved_at: null,
    });
    const cursor = String(first.body['next_cursor'] as unknown);
    const next = await list(`?sort=created_at&limit=2&kind=missing_here&cursor=${cursor}`);
    expect(dataOf(next).map((row) => row['ref'])).toEqual(['tr_3']);
    expect(next.body['next_cursor']).toBeNull();
    const bad = await list('?kind=bad_row');
    expect(bad.body['data']).toMatchObject([{ column: 'Amount', line: 5, theirs: null }]);
  });

  it('of a settlement file that is not there, of a kind that is not there', async () => {
    expect((await world.get(admin, `/admin/statements/${uuidv7()}/exceptions`)).body['code']).toBe(
      'statement_not_found',
    );
    expect((await list('?kind=lost')).body['code']).toBe('validation_failed');
  });
});

describe('an exception that is resolved', () => {
  it('wants a reason, is audited, and the last one takes the settlement file off the flags', async () => {
    const subject = `statement/${statementId}`;
    expect(await openFlags(world, 'statement_exceptions', subject)).toMatchObject([
      { detail: '4 exceptions in the settlement file stripe-august.csv' },
    ]);
    const ids = dataOf(await list('?state=open&sort=created_at')).map((row): string => row['id']!);
    const unreasoned = await world.post(admin, `/admin/statement-exceptions/${ids[0]}/resolve`, {});
    expect(unreasoned.body['code']).toBe('validation_failed');

    const key = { 'Idempotency-Key': 'resolve-once' };
    const resolved = await resolve(ids[0]!, key);
    expect(resolved.status).toBe(200);
    expect(resolved.body['exception']).toMatchObject({
      id: ids[0],
      resolved_by: admin.id,
      resolution: 'The bank confirmed it',
    });
    expect((await resolve(ids[0]!, key)).body).toEqual(resolved.body);
    expect((await resolve(ids[0]!)).body).toMatchObject({
      status: 409,
      code: 'statement_exception_resolved',
    });
    expect((await list('?state=resolved')).body['data']).toHaveLength(1);
    expect(await openFlags(world, 'statement_exceptions', subject)).toHaveLength(1);

    // The last ones at once: one of them is the last.
    const answers = await Promise.all(ids.slice(1).map((id) => resolve(id)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(await openFlags(world, 'statement_exceptions', subject)).toEqual([]);
    expect(
      (await auditLogOf(world, subject)).map(({ action, actor, reason }) => [action, actor, reason]),
    ).toEqual(
      Array.from({ length: 4 }, () => ['statement_exception.resolve', admin.id, 'The bank confirmed it']),
    );
    expect((await list('?state=open')).body['data']).toEqual([]);
  });

  it('that is not there', async () => {
    expect((await resolve(uuidv7())).body).toMatchObject({
      status: 404,
      code: 'statement_exception_not_found',
    });
  });
});
