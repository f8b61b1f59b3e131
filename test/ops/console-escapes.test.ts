import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { auditLog, opsFlags } from '../../db/kernel/schema.ts';
import { webhookEvents } from '../../db/webhooks/schema.ts';
import { legacyTransfer } from '../marketplace/legacy.ts';
import { makePerson, openShop } from '../harness/shop.ts';
import { World } from '../harness/world.ts';
import { Operator } from './console-client.ts';

const SCRIPT = `<script>alert('x')</script>`;
const QUOTES = `"><img src=x onerror=alert(1)>`;
const HOSTILE = SCRIPT + QUOTES;

let world: World;
let operator: Operator;
let transferId: string;
beforeAll(async () => {
  world = await World.create({ worker: false });
  operator = await Operator.signedIn(world, await makePerson(world, 'admin'));
  const { db } = world.database;
  const { seller } = await openShop(world);
  const transfer = await legacyTransfer(world, seller, {
    status: 'failed',
    completedAt: null,
    nextRetryAt: new Date(),
    errorMessage: HOSTILE,
  });
  transferId = transfer.id;
  const subject = `transfer/${transferId}`;
  await db.insert(auditLog).values({ actor: HOSTILE, action: HOSTILE, subject, reason: HOSTILE });
  await db.insert(opsFlags).values({ id: uuidv7(), kind: 'unknown_signal', subject, detail: HOSTILE });
  await db.insert(webhookEvents).values({
    ...{ id: uuidv7(), provider: 'stripe', eventId: HOSTILE, type: HOSTILE, outcome: 'unmatched' },
    body: JSON.stringify({ title: HOSTILE, email: 'somebody@people.example' }),
    error: HOSTILE,
  });
});
afterAll(() => world.close());

describe('whatever providers, sellers and operators wrote is shown as text', () => {
  test.each([
    ['what is stuck', () => '/ops/stuck?older=0'],
    ['its filter', () => `/ops/stuck?error=${encodeURIComponent(HOSTILE)}`],
    ['a story', () => `/ops/story/transfer/${transferId}`],
    ['webhooks', () => '/ops/webhooks'],
    ['the audit log', () => '/ops/audit'],
    ['its filter', () => `/ops/audit?subject=${encodeURIComponent(HOSTILE)}`],
    ['a search', () => `/ops/search?q=${encodeURIComponent(HOSTILE)}`],
    ['a page that is not there', () => `/ops/${encodeURIComponent(HOSTILE)}`],
    ['an action', () => `/ops/act?action=retry&subject=${encodeURIComponent(HOSTILE)}`],
    ['the login', () => `/ops/login?next=${encodeURIComponent(`/ops?${HOSTILE}`)}&ended=${HOSTILE}`],
  ])('%s', async (_, path) => {
    const { html } = await operator.get(path());
    expect(html).not.toContain('<script>');
    expect(html).not.toContain('<img');
    // It was there to be escaped, but where the address is taken apart or not repeated.
    if (!path().includes('login')) expect(html).toMatch(/&lt;script|%3Cscript|There is no such|audit/);
  });

  test('a reason that is sent back to be completed', async () => {
    const page = `/ops/act?action=retry&subject=transfer/${transferId}`;
    const answer = await operator.submit(page, { reason: `</textarea>${HOSTILE}`.padEnd(501, '.') });
    expect(answer.status).toBe(422);
    expect(answer.html).toContain('&lt;/textarea&gt;&lt;script&gt;');
    expect(answer.html).not.toContain('<img');
  });

  test('personal data of a webhook is masked', async () => {
    const { html } = await operator.get('/ops/webhooks');
    expect(html).not.toContain('somebody@people.example');
    expect(html).toContain('&quot;email&quot;: &quot;***&quot;');
  });
});

describe('an action', () => {
  test('without a reason is not done, and asks for it', async () => {
    const page = `/ops/act?action=retry&subject=transfer/${transferId}`;
    const answer = await operator.submit(page, { reason: '   ' });
    expect(answer.status).toBe(422);
    expect(answer.html).toContain('Say why');
    expect((await operator.get('/ops/audit?action=transfer')).html).not.toContain('transfer.retry');
  });

  test.each([
    ['of no such name', '/ops/act?action=explode&subject=transfer/x', 422, 'action_unknown'],
    [
      'that does not fit the row',
      () => `/ops/act?action=mark_returned&subject=transfer/${transferId}`,
      422,
      'action_unknown',
    ],
    [
      'on a row that is not there',
      `/ops/act?action=retry&subject=transfer/${uuidv7()}`,
      404,
      'transfer_not_found',
    ],
    ['on a list, of no such name', '/ops/bulk?action=written_off', 422, 'action_unknown'],
    ['of a second admin on nothing', `/ops/approvals/${uuidv7()}`, 404, 'approval_not_found'],
    ['on a story of nothing', `/ops/story/refund/${uuidv7()}`, 404, 'subject_not_found'],
  ])('%s is a page that names its code', async (_, path, status, code) => {
    const answer = await operator.get(typeof path === 'string' ? path : path());
    expect([answer.status, answer.html.includes(`<code>${code}</code>`)]).toEqual([status, true]);
  });
});

describe('long lists', () => {
  test('of the audit log are read a page at a time, each row once', async () => {
    const rows = Array.from({ length: 120 }, (_, n) => ({
      actor: 'system',
      action: `page.${n}`,
      subject: 'order/x',
    }));
    await world.database.db.insert(auditLog).values(rows);
    const seen: string[] = [];
    let path: string | null = '/ops/audit?action=page.';
    for (let pages = 0; path !== null && pages < 5; pages += 1) {
      const { html }: { html: string } = await operator.get(path);
      seen.push(...[...html.matchAll(/<code>(page\.\d+)<\/code>/g)].map(([, name]) => name ?? ''));
      path = /href="([^"]+)" rel="next"/.exec(html)?.[1]?.replaceAll('&amp;', '&') ?? null;
    }
    expect(seen.toSorted()).toEqual(rows.map(({ action }) => action).toSorted());
  });
});
