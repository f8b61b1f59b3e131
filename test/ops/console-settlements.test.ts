import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { BROWSER_WITHIN_MS, openBrowser, STORY_WITHIN_MS } from './browser.ts';
import { auditLogOf } from '../harness/read.ts';
import { makePerson } from '../harness/shop.ts';
import type { Person } from '../harness/world.ts';
import { type Desk, openDesk, transferLine } from '../settlements/support.ts';
import { expectAccessible, expectNoSidewaysScroll, openConsole } from './console-browser.ts';

vi.setConfig({ testTimeout: STORY_WITHIN_MS });

let desk: Desk;
let world: Desk['world'];
let browser: Browser;
let admin: Person;
let page: Page;
let statementId: string;
beforeAll(async () => {
  browser = await openBrowser();
  desk = await openDesk();
  ({ world } = desk);
  admin = await makePerson(world, 'admin');
  const lines = [transferLine('tr_unknown'), transferLine('tr_bad', 'x')];
  statementId = (await desk.reconcile('stripe-august.csv', ...lines)).printed.statement_id;
  page = await openConsole(browser, world, admin, { viewport: { width: 390, height: 844 } });
}, BROWSER_WITHIN_MS);
afterAll(async () => {
  await browser?.close();
  await desk?.close();
});

test('from the flag an operator comes to the exceptions of a settlement file, and says what became of one', async () => {
  await page.goto('/ops/stuck?kind=flag');
  await page.getByRole('link', { name: 'Flag', exact: true }).click();
  expect(new URL(page.url()).pathname).toBe(`/ops/statements/${statementId}`);
  const list = page.getByRole('table', { name: 'Exceptions' });
  expect(await list.textContent()).toContain('missing here');
  expect(await list.textContent()).toContain('tr_unknown');
  await expectAccessible(page);
  await expectNoSidewaysScroll(page);

  await page.getByLabel('Kind').selectOption('missing_here');
  await page.getByRole('button', { name: 'Show' }).click();
  expect(await list.textContent()).not.toContain('bad row');
  await page.getByRole('link', { name: 'Resolve…' }).click();
  await expectAccessible(page);
  await page.getByLabel('Reason').fill('The bank confirmed it');
  await page.getByRole('button', { name: 'Resolve' }).click();
  expect(new URL(page.url()).pathname).toBe(`/ops/statements/${statementId}`);
  expect(await list.textContent()).toContain('bad row');
  expect(await list.textContent()).not.toContain('missing here');
  expect(
    (await auditLogOf(world, `statement/${statementId}`)).map(({ action, reason }) => [action, reason]),
  ).toContainEqual(['statement_exception.resolve', 'The bank confirmed it']);

  await page.getByRole('link', { name: 'Settlement files', exact: true }).click();
  expect(await page.getByRole('table', { name: 'Settlement files' }).textContent()).toContain(
    'stripe-august.csv',
  );
  await expectAccessible(page);
  await expectNoSidewaysScroll(page);
});
