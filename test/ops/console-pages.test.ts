import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { WORKFLOW_LISTS } from '../../engine/lists/index.ts';
import { BROWSER_WITHIN_MS, openBrowser, STORY_WITHIN_MS } from './browser.ts';
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
