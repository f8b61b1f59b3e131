import { eq } from 'drizzle-orm';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { auditLog } from '../../db/kernel/schema.ts';
import { BROWSER_WITHIN_MS, openBrowser, STORY_WITHIN_MS } from './browser.ts';
import { refundedOrder, reversedUnseen } from '../harness/refunded.ts';
import { makePerson, openShop } from '../harness/shop.ts';
import { REFUSED } from '../harness/trouble.ts';
import { type Person, World } from '../harness/world.ts';
import { subscriptionsOf } from '../subscriptions/story.ts';
import { giveCredentials } from './credentials.ts';
import { expectAccessible, expectNoSidewaysScroll, openConsole } from './console-browser.ts';

vi.setConfig({ testTimeout: STORY_WITHIN_MS });

let world: World;
let browser: Browser;
let admin: Person;
let second: Person;
beforeAll(async () => {
  browser = await openBrowser();
  world = await World.create({
    env: { REVERSAL_MAX_RETRIES: '0', TEMPORAL_UI_URL: 'http://127.0.0.1:8233' },
  });
}, BROWSER_WITHIN_MS);
// What one admin decides on within a day counts together.
beforeEach(async () => {
  admin = await makePerson(world, 'admin');
  second = await makePerson(world, 'admin');
});
afterAll(async () => {
  await browser?.close();
  await world?.close();
});

/** A reversal of this amount that gave up; Stripe takes the next one. */
async function gaveUp(priceMinor = 10_000) {
  const shop = await openShop(world, { prices: [priceMinor] });
  const refunded = await refundedOrder(world, { shop, troubles: [REFUSED] });
  await world.finished(refunded.workflowId);
  const [reversal] = await world.reversalsOf(refunded.refundId);
  expect(reversal?.status).toBe('permanently_failed');
  return refunded;
}

const auditLogOf = async (subject: string) =>
  (await world.database.db.select().from(auditLog).where(eq(auditLog.subject, subject))).map(
    ({ action, actor, reason }) => ({ action, actor, reason }),
  );

const heading = (page: Page) => page.getByRole('heading', { level: 1 }).textContent();

/** The row of the list of what is stuck that is about this. */
const rowOf = (page: Page, workflowId: string) =>
  page.getByRole('row').filter({ has: page.locator(`a[title="${workflowId}"]`) });

test('signed in, an operator finds what is stuck, reads its story, retries it for a reason, and that is audited', async () => {
  const { workflowId, refundId } = await gaveUp();
  const page = await openConsole(browser, world, admin);
  await page.getByRole('link', { name: 'Stuck', exact: true }).click();
  await page.getByLabel('Kind').selectOption('failed_reversal');
  await page.getByRole('button', { name: 'Show' }).click();
  const row = rowOf(page, workflowId);
  expect(await row.textContent()).toContain('90.00 USD');
  expect(await row.textContent()).toContain('the seller still has the money');
  expect(await row.getByRole('link', { name: 'Workflow' }).getAttribute('href')).toBe(
    `http://127.0.0.1:8233/namespaces/default/workflows/${encodeURIComponent(workflowId)}`,
  );
  await expectAccessible(page);

  await row.getByRole('link', { name: 'Reversal that gave up' }).click();
  expect(await heading(page)).toContain('Reversal');
  await expectAccessible(page);

  await page.getByRole('link', { name: 'Retry now…' }).click();
  expect(await page.getByRole('main').textContent()).toContain('A new reversal takes its place.');
  await page.getByRole('button', { name: 'Retry now' }).click();
  expect(await heading(page), 'the browser asks for the reason').toBe('Retry now');
  await page.getByLabel('Reason').fill('Stripe is back');
  await expectAccessible(page);
  await page.getByRole('button', { name: 'Retry now' }).click();
  expect(await heading(page)).toBe('Retry now: done');
  await expectAccessible(page);
  expect(await auditLogOf(workflowId)).toContainEqual({
    action: 'reversal.retry',
    actor: admin.id,
    reason: 'Stripe is back',
  });
  const successor = (await world.reversalsOf(refundId)).find(({ retryOf }) => retryOf !== null);
  await world.finished(`reversal/${successor?.id}`);
  expect((await world.reversalsOf(refundId)).map(({ status }) => status).toSorted()).toEqual([
    'permanently_failed',
    'reversed',
  ]);
  await page.getByRole('link', { name: 'Audit log' }).click();
  expect(await page.getByRole('main').textContent()).toContain('Stripe is back');
  await page.context().close();
});

test('a part of an invoice is refunded, and its subscription ends where that is ticked', async () => {
  const of = subscriptionsOf(world);
  const { id, invoiceId } = await of.active();
  const page = await openConsole(browser, world, admin);
  await page.goto(`/ops/act?action=refund_invoice&subject=invoice/${invoiceId}`);
  expect(await page.getByRole('main').textContent()).toContain('9.99 USD');
  await page.getByLabel('Amount').fill('250');
  await page.getByLabel('End the subscription').check();
  await page.getByRole('button', { name: 'Show what it would do' }).click();
  expect(await page.getByRole('main').textContent()).toContain('2.50 USD');
  expect(await page.getByLabel('End the subscription').isChecked()).toBe(true);
  await expectAccessible(page);
  await page.getByLabel('Reason').fill('Promised on the phone');
  await page.getByRole('button', { name: 'Refund the invoice' }).click();
  expect(await heading(page)).toBe('Refund the invoice: done');
  expect(await of.became(id, 'expired')).toMatchObject({ endReason: 'refunded' });
  expect(await of.invoicesOf(id)).toMatchObject([{ status: 'partially_refunded', refundedMinor: 250 }]);
  await page.context().close();
});

test('above the limit a second admin has to approve, and not the one who asked', async () => {
  const { workflowId } = await gaveUp(90_000);
  const page = await openConsole(browser, world, admin);
  await page.goto(`/ops/act?action=written_off&subject=${workflowId}`);
  expect(await page.getByRole('main').textContent()).toContain('810.00 USD');
  await page.getByLabel('Reason').fill('The seller is gone');
  await page.getByRole('button', { name: 'Ask a second admin' }).click();
  expect(await heading(page)).toBe('Write off: asked for');
  await page.getByRole('link', { name: 'See it among the approvals' }).click();
  const approval = new URL(page.url()).pathname;
  expect(await page.getByRole('button', { name: 'Approve' }).count()).toBe(0);
  expect(await page.getByRole('button', { name: 'Take it back' }).count()).toBe(1);
  await expectAccessible(page);
  const forged = await page.evaluate(
    `fetch(${JSON.stringify(approval)}, { method: 'POST', body: new URLSearchParams({
      form_token: document.querySelector('main [name=form_token]').value, decision: 'approve', reason: 'me' }) }).then(r => r.status)`,
  );
  expect(forged).toBe(403);

  const other = await openConsole(browser, world, second);
  await other.getByRole('link', { name: 'Approvals', exact: true }).click();
  await expectAccessible(other);
  await other.getByRole('row').filter({ hasText: 'The seller is gone' }).getByRole('link').first().click();
  await other.getByLabel('Reason').fill('Seen the letter');
  await other.getByRole('button', { name: 'Approve and do it' }).click();
  expect(await heading(other)).toBe('Write off: approved');
  const lines = await auditLogOf(workflowId);
  expect(lines).toContainEqual({
    action: 'reversal.written_off',
    actor: admin.id,
    reason: 'The seller is gone',
  });
  expect(lines).toContainEqual({
    action: 'approval.approve written_off',
    actor: second.id,
    reason: 'Seen the letter',
  });
  await page.context().close();
  await other.context().close();
});

test('approved while the engine was away: any admin tells it, also who asked', async () => {
  const { workflowId, refundId } = await gaveUp(90_000);
  const asked = await world.post(admin, `/admin/reversals/${workflowId.slice(9)}/retry`, { reason: 'again' });
  const approvalId: string = asked.body['approval']!['id']!;
  await world.post(second, `/admin/approvals/${approvalId}/approve`, { reason: 'go on' });
  const [, successor] = await world.reversalsOf(refundId);
  await world.finished(`reversal/${successor!.id}`);
  const page = await openConsole(browser, world, admin);
  await page.goto(`/ops/approvals/${approvalId}`);
  expect(await page.getByRole('button', { name: 'Tell the engine' }).count()).toBe(0);
  // As it is where the process ended, or the engine was away, just after the commit.
  await world.database
    .sql`UPDATE approvals SET told_at = NULL, decided_at = now() - interval '2 minutes' WHERE id = ${approvalId}`;
  await page.reload();
  expect(await page.getByRole('main').textContent()).toContain('the engine was not told of it');
  await expectAccessible(page);
  await page.getByLabel('Reason').fill('Nobody told it');
  await page.getByRole('button', { name: 'Tell the engine' }).click();
  expect(await heading(page)).toBe('Retry now: approved');
  await page.goto(`/ops/approvals/${approvalId}`);
  expect(await page.getByRole('button', { name: 'Tell the engine' }).count()).toBe(0);
  expect(await auditLogOf(workflowId)).toContainEqual({
    action: 'approval.tell retry',
    actor: admin.id,
    reason: 'Nobody told it',
  });
  await page.context().close();
});

test('a reversal that was written off is looked for at Stripe: what is there is booked, what is not is refused', async () => {
  const page = await openConsole(browser, world, admin);
  const lookFor = async (workflowId: string) => {
    const resolved = await world.post(admin, `/admin/reversals/${workflowId.slice(9)}/resolve`, {
      resolution: 'written_off',
      reason: 'The seller is gone',
    });
    expect(resolved.status).toBe(200);
    await page.goto(`/ops/act?action=retry&subject=${workflowId}`);
    expect(await page.getByRole('main').textContent()).toContain('the loss is taken back and it is reversed');
    await page.getByLabel('Reason').fill('Stripe says so');
    await page.getByRole('button', { name: 'Retry now' }).click();
  };
  await lookFor((await reversedUnseen(world)).workflowId);
  expect(await heading(page)).toBe('Retry now: done');
  expect(await page.getByRole('main').textContent()).toMatch(/the loss is taken back\.[^]*reversed/);
  await expectAccessible(page);
  await lookFor((await gaveUp()).workflowId);
  expect(await page.getByRole('main').textContent()).toContain('Stripe lists no reversal of ours for it');
  await expectAccessible(page);
  await page.context().close();
});

test('an action on a whole list refuses where the list has changed since it was shown', async () => {
  // A list of its own: nothing else in this world is of this amount.
  const one = await gaveUp(13_000);
  const page = await openConsole(browser, world, admin);
  await page.goto('/ops/stuck?kind=failed_reversal&currency=USD&min=11700');
  await page.getByRole('link', { name: 'Retry now: all…' }).click();
  expect(await page.getByRole('main').textContent()).toContain('117.00 USD');
  await page.getByLabel('Reason').fill('After the outage');
  await expectAccessible(page);
  const two = await gaveUp(13_000);

  await page.getByRole('button', { name: /^Retry now/ }).click();
  const refused = page.getByRole('alert');
  expect(await refused.textContent()).toContain('nothing has been done');
  expect(await auditLogOf(one.workflowId)).toEqual([]);
  expect(await page.getByRole('main').textContent()).toContain('234.00 USD');
  expect(await page.getByLabel('Reason').inputValue()).toBe('After the outage');
  await expectAccessible(page);

  await page.getByRole('button', { name: 'Retry now: 2 rows' }).click();
  expect(await heading(page)).toBe('Retry now: done');
  for (const { workflowId } of [one, two]) {
    expect(await auditLogOf(workflowId)).toEqual([
      { action: 'reversal.retry', actor: admin.id, reason: 'After the outage' },
    ]);
  }
  await page.context().close();
});

test('what changed between page and click is shown anew, and nothing is done', async () => {
  const { workflowId, reversal } = await gaveUp();
  const page = await openConsole(browser, world, admin);
  await page.goto(`/ops/act?action=settled_outside&subject=${workflowId}`);
  await page.getByLabel('Reason').fill('Bank transfer 4711');
  const resolved = await world.post(second, `/admin/reversals/${reversal.id}/resolve`, {
    resolution: 'written_off',
    reason: 'lost',
  });
  expect(resolved.status).toBe(200);
  await page.getByRole('button', { name: 'Settled outside' }).click();
  expect(await page.getByRole('alert').textContent()).toContain('not as it was shown');
  expect(await page.getByRole('main').textContent()).toContain('written off');
  expect(await page.getByLabel('Reason').inputValue()).toBe('Bank transfer 4711');
  expect((await auditLogOf(workflowId)).map(({ action }) => action)).toEqual(['reversal.written_off']);
  await page.context().close();
});

describe('everybody', () => {
  test('by keyboard alone: from the login to an action that is done', async () => {
    const { workflowId } = await gaveUp();
    const context = await browser.newContext({ baseURL: world.apiUrl });
    const page = await context.newPage();
    await page.goto(`/ops/act?action=written_off&subject=${workflowId}`);
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Skip to the content');
    await page.keyboard.press('Enter');
    const { email, password, code } = await giveCredentials(world, admin);
    for (const [label, typed] of [
      ['E-mail address', email],
      ['Password', password],
      ['Code', code()],
    ] as const) {
      await tabTo(page, label);
      await page.keyboard.insertText(typed);
    }
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'Write off' }).waitFor();
    await tabTo(page, 'Reason');
    await page.keyboard.type('By keyboard');
    await tabTo(page, 'Write off');
    const outline = await page.evaluate('getComputedStyle(document.activeElement).outlineStyle');
    expect(outline, 'the focus can be seen').toBe('solid');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'Write off: done' }).waitFor();
    expect(await auditLogOf(workflowId)).toContainEqual({
      action: 'reversal.written_off',
      actor: admin.id,
      reason: 'By keyboard',
    });
    await context.close();
  });

  test.each([
    ['without JavaScript', { javaScriptEnabled: false }],
    ['on a narrow screen', { viewport: { width: 360, height: 740 } }],
    ['in the dark', { colorScheme: 'dark' }],
  ] as const)('%s: from the list to an action that is done', async (_, options) => {
    const { workflowId } = await gaveUp();
    const page = await openConsole(browser, world, admin, options);
    await page.goto('/ops/stuck?kind=failed_reversal');
    await expectNoSidewaysScroll(page);
    await rowOf(page, workflowId).getByRole('link', { name: 'Write off…' }).click();
    await expectNoSidewaysScroll(page);
    await page.getByLabel('Reason').fill('However it is done');
    await page.getByRole('button', { name: 'Write off' }).click();
    expect(await heading(page)).toBe('Write off: done');
    if (!('javaScriptEnabled' in options)) await expectAccessible(page);
    expect(await auditLogOf(workflowId)).toContainEqual({
      action: 'reversal.written_off',
      actor: admin.id,
      reason: 'However it is done',
    });
    await page.context().close();
  });
});

/** Presses Tab until what has this name has the focus. */
async function tabTo(page: Page, name: string): Promise<void> {
  const MOST = 60;
  for (let presses = 0; presses < MOST; presses += 1) {
    await page.keyboard.press('Tab');
    const focused = await page.evaluate(`(() => {
      const at = document.activeElement;
      return at.labels?.[0]?.textContent?.trim() ?? at.textContent.trim();
    })()`);
    if (focused === name) return;
  }
  throw new Error(`${MOST} tabs do not lead to ${name}`);
}

test('live parts change by themselves while somebody looks, and say so', async () => {
  const page = await openConsole(browser, world, admin);
  await page.goto('/ops/stuck?kind=failed_reversal');
  const before = await page.getByRole('status').textContent();
  expect(before).toBe('Updates by itself.');
  const { workflowId } = await gaveUp();
  await rowOf(page, workflowId).waitFor();
  expect(await page.getByRole('status').textContent()).toMatch(/^\d+ rows? stuck$/);
  await page.context().close();
});
