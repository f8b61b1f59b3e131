import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { makePerson } from '../harness/shop.ts';
import { World } from '../harness/world.ts';
import { BROWSER_WITHIN_MS, openBrowser, STORY_WITHIN_MS } from './browser.ts';
import { expectAccessible, expectNoSidewaysScroll } from './console-browser.ts';
import { codeOf, giveCredentials } from './credentials.ts';

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

test('without JavaScript, on a narrow screen: an admin signs in, sets the second factor up, and signs in with it', async () => {
  const admin = await makePerson(world, 'admin');
  const { email, password } = await giveCredentials(world, admin, { isTwoFactorOn: false });
  const context = await browser.newContext({
    baseURL: world.apiUrl,
    javaScriptEnabled: false,
    viewport: { width: 360, height: 740 },
  });
  const page = await context.newPage();
  const signIn = async (code: string) => {
    await page.goto('/ops/approvals');
    await expectNoSidewaysScroll(page);
    await page.getByLabel('E-mail address').fill(email);
    await page.getByLabel('Password').fill(password);
    await page.getByLabel('Code').fill(code);
    await page.getByRole('button', { name: 'Sign in' }).click();
  };
  await signIn('');
  await page.getByLabel('Your password').fill(password);
  await page.getByRole('button', { name: 'Begin' }).click();
  await page.getByRole('img', { name: 'The secret as an image to scan' }).waitFor();
  await expectNoSidewaysScroll(page);
  const secret = (await page.locator('form .help code').textContent()) ?? '';
  await page.getByLabel('Code that the app shows').fill(codeOf(secret, Date.now()));
  await page.getByRole('button', { name: 'Turn it on' }).click();
  const [code = ''] = await page.locator('.codes code').allTextContents();
  await page.getByRole('link', { name: 'To the overview' }).click();
  await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await signIn(code);
  await page.getByRole('heading', { level: 1, name: 'Approvals' }).waitFor();
  await context.close();
});

test('login and set-up can be used by everybody', async () => {
  const admin = await makePerson(world, 'admin');
  const { email, password } = await giveCredentials(world, admin, { isTwoFactorOn: false });
  const context = await browser.newContext({ baseURL: world.apiUrl });
  const page = await context.newPage();
  page.on('console', (said) => expect(said.type(), said.text()).not.toBe('error'));
  await page.goto('/ops/login');
  await expectAccessible(page);
  await page.getByLabel('E-mail address').fill(email);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByLabel('Your password').fill(password);
  await page.getByRole('button', { name: 'Begin' }).click();
  await page.getByRole('img', { name: 'The secret as an image to scan' }).waitFor();
  await expectAccessible(page);
  await context.close();
});
