import type { Browser, Page } from 'playwright-core';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { WORKFLOW_LISTS } from '../../engine/lists/index.ts';
import { BROWSER_WITHIN_MS, openBrowser, STORY_WITHIN_MS } from './browser.ts';
import { accountDeletions, dataExports } from '../../db/privacy/schema.ts';
import { makePerson } from '../harness/shop.ts';
import { World } from '../harness/world.ts';
import { expectAccessible, expectNoSidewaysScroll, openConsole } from './console-browser.ts';

vi.setConfig({ testTimeout: STORY_WITHIN_MS });

let world: World;
let browser: Browser;
beforeAll(async () => {
  browser = await openBrowser();
  world = await World.create({ worker: false });
}, BROWSER_WITHIN_MS);
afterAll(async () => {
  await browser?.close();
  await world?.close();
});

const PAGES = [
  ['/ops', 'Overview'],
  ['/ops/stuck?older=0', 'Stuck'],
  ['/ops/approvals', 'Approvals'],
  ['/ops/statements', 'Settlement files'],
  ['/ops/people', 'People'],
  ['/ops/webhooks', 'Webhooks'],
  ['/ops/audit', 'Audit log'],
  ['/ops/reconcile', 'Run the reconciliation'],
  ['/ops/nowhere', 'There is nothing here'],
] as const;

describe.each([
  ['light', { colorScheme: 'light' }],
  ['dark', { colorScheme: 'dark' }],
  ['a narrow screen', { viewport: { width: 360, height: 740 } }],
  ['without JavaScript', { javaScriptEnabled: false }],
] as const)('%s', (_, options) => {
  let page: Page;
  beforeAll(async () => {
    page = await openConsole(browser, world, await makePerson(world, 'admin'), options);
  });
  afterAll(() => page.context().close());

  test.each(PAGES)('%s shows itself, and everybody can read it', async (path, title) => {
    await page.goto(path);
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe(title);
    expect(await page.getByRole('main').count()).toBe(1);
    await expectNoSidewaysScroll(page);
    // Without scripts nothing can be put into the page either.
    if (!('javaScriptEnabled' in options)) await expectAccessible(page);
  });
});

test('people: who leaves, what they wait for, whose copy is being made; without JavaScript', async () => {
  const [leaver, other] = [await makePerson(world, 'user'), await makePerson(world, 'user')];
  const [lastDay, exportId] = [new Date(Date.now() - 3_600_000), uuidv7()];
  await world.database.db.insert(accountDeletions).values({
    ...{
      id: uuidv7(),
      userId: leaver.id,
      status: 'waiting',
      keepPublicTracks: false,
      requestedBy: leaver.id,
    },
    ...{ finalAt: lastDay, waitsFor: ['balance_owed', 'refund_open'], waitingSince: lastDay },
  });
  await world.database.db
    .insert(dataExports)
    .values({ id: exportId, userId: other.id, status: 'building', attempt: 2, errorCode: 'ECONNREFUSED' });
  const admin = await makePerson(world, 'admin');
  const page = await openConsole(browser, world, admin, { javaScriptEnabled: false });
  await page.getByRole('link', { name: 'People' }).click();
  const deletions = page.getByRole('table', { name: 'Deletions' });
  expect(await deletions.textContent()).toContain('a debt, a refund');
  const exports = page.getByRole('table', { name: 'Exports' });
  expect(await exports.textContent()).toContain('ECONNREFUSED');
  await page.getByRole('combobox', { name: 'Deletions' }).selectOption('erased');
  await page.getByRole('button', { name: 'Show' }).click();
  expect(await page.getByRole('main').textContent()).toContain('Nobody of that kind.');
  await page.goBack();
  await deletions.getByRole('link', { name: 'deletion …' }).click();
  await page.getByRole('heading', { level: 1, name: 'Deletion' }).waitFor();
  expect(await page.getByRole('main').textContent()).toContain('Its person asked to leave.');
  await page.goto(`/ops/story/export/${exportId}`);
  // Operators get nobody's file: a story has neither a link to it nor a place for one.
  expect(await page.getByRole('main').getByRole('link').count()).toBe(0);
  await page.context().close();
});

test.each([
  ['leads to each of its lists', 'https://temporal.veza.example', WORKFLOW_LISTS.length],
  ['shows their queries where nobody said where it is', '', 0],
])('the overview knows Temporal’s UI: it %s', async (_, url, links) => {
  const own = await World.create({ worker: false, env: { TEMPORAL_UI_URL: url } });
  try {
    const page = await openConsole(browser, own, await makePerson(own, 'admin'));
    const lists = page.getByRole('table', { name: 'Lists in Temporal’s UI' });
    expect(await lists.getByRole('row').count()).toBe(WORKFLOW_LISTS.length + 1);
    const addresses = await lists.getByRole('link').evaluateAll((all) => all.map((one) => String(one)));
    expect(addresses).toHaveLength(links);
    const queries = addresses.map((address) => new URL(address).searchParams.get('query'));
    const asked = WORKFLOW_LISTS.slice(0, links);
    // To some a moment is added, which passes.
    expect(queries.map((query, at) => query?.slice(0, asked[at]!.query.length))).toEqual(
      asked.map(({ query }) => query),
    );
    for (const { query } of WORKFLOW_LISTS) expect(await lists.textContent()).toContain(query);
    await expectAccessible(page);
    await page.context().close();
  } finally {
    await own.close();
  }
});
