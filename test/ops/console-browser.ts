import axe from 'axe-core';
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { expect } from 'vitest';
import type { Db } from '../../db/client.ts';
import type { Person, World } from '../harness/world.ts';
import { consoleSecretOf } from './console-client.ts';

/** For one step: a page, a click. */
const PAGE_WITHIN_MS = 60_000;

/** Somebody's own browser window, signed in, on the overview. A script error or a refused file fails the test. */
export async function openConsole(
  browser: Browser,
  world: World,
  person: Pick<Person, 'id'>,
  options: BrowserContextOptions = {},
): Promise<Page> {
  const context = await browser.newContext({ baseURL: world.apiUrl, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(PAGE_WITHIN_MS);
  page.on('pageerror', (error) => {
    throw error;
  });
  await giveSession(context, { apiUrl: world.apiUrl, db: world.database.db }, person);
  await page.goto('/ops');
  await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
  return page;
}

/** The cookie of a session of the console, without the login. */
export async function giveSession(
  context: BrowserContext,
  { apiUrl, db }: { readonly apiUrl: string; readonly db: Db },
  person: Pick<Person, 'id'>,
): Promise<void> {
  const value = await consoleSecretOf(db, person);
  const { hostname: domain } = new URL(apiUrl);
  const cookie = { name: 'veza_ops', value, domain, path: '/ops', httpOnly: true } as const;
  await context.addCookies([{ ...cookie, sameSite: 'Strict' }]);
}

/** No violation of WCAG 2 A and AA, nor of what axe calls good practice, as it can be seen by a program. */
export async function expectAccessible(page: Page): Promise<void> {
  await page.evaluate(axe.source);
  const { violations } = (await page.evaluate('axe.run()')) as axe.AxeResults;
  const told = violations.map(({ id, help, nodes }) => ({ id, help, nodes: nodes.map(({ html }) => html) }));
  expect(told, page.url()).toEqual([]);
}

/** Nothing is wider than the window. */
export async function expectNoSidewaysScroll(page: Page): Promise<void> {
  const overhang = await page.evaluate(
    'document.documentElement.scrollWidth - document.documentElement.clientWidth',
  );
  expect(overhang, page.url()).toBe(0);
}
