import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import type { Browser, Page, Request } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, inject, it, vi } from 'vitest';
import { reversalBackoff } from '../../sandbox/situations/at-stripe.ts';
import { openScene, type Scene } from '../../sandbox/situations/scene.ts';
import { findTemporalBinary } from '../../stack/temporal-binary.ts';
import { BROWSER_WITHIN_MS, openBrowser, STORY_WITHIN_MS } from './browser.ts';
import { giveSession } from './console-browser.ts';
import { encodingOf, lookThrough, readableIn } from '../engine/payloads.ts';
import { applyCodec, fillInCodec, inputWith, markdownOf, openTab, openWorkflow } from './temporal-ui.ts';
import { World } from '../harness/world.ts';

// Temporal's real Web UI in a real browser, on another port than the API: it decodes by whoever is signed in at /ops.

vi.setConfig({ testTimeout: STORY_WITHIN_MS });

const PAGE_WITHIN_MS = 60_000;
const ENCRYPTED = 'encryption-key-id';

let world: World;
let scene: Scene;
let browser: Browser;
let reversalId: string;
let subject: string;
beforeAll(async () => {
  browser = await openBrowser();
  world = await World.create({
    env: {
      PAYLOAD_ENCRYPTION_KEYS: `2026-11:${randomBytes(32).toString('base64')}`,
      TEMPORAL_UI_URL: inject('temporalUiUrl'),
      REVERSAL_BACKOFF_BASE: '30m',
      REVERSAL_BACKOFF_MAX: '30m',
    },
  });
  scene = await openScene(world);
  ({ subject } = await reversalBackoff.make(scene));
  reversalId = subject.replace('reversal/', '');
}, BROWSER_WITHIN_MS);
afterAll(async () => {
  await scene?.close();
  await world?.close();
  await browser?.close();
});

let page: Page;
beforeEach(async () => {
  page = await (await browser.newContext()).newPage();
  page.setDefaultTimeout(PAGE_WITHIN_MS);
});
afterEach(() => page.context().close());

const endpoint = () => `${world.apiUrl}/ops/codec`;

async function signIn(): Promise<void> {
  await giveSession(page.context(), { apiUrl: world.apiUrl, db: scene.db }, scene.admin);
  await page.goto(`${world.apiUrl}/ops`);
  await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
}

/** Tells the UI who decodes, and opens the workflow anew: the status of the first answer, null where none was let through. */
async function decodedAt(uiUrl: string): Promise<number | null> {
  await openWorkflow(page, uiUrl, subject);
  await inputWith(page, ENCRYPTED).waitFor();
  await fillInCodec(page, endpoint());
  await applyCodec(page);
  const first = new Promise<number | null>((resolve) => {
    const isDecoding = (request: Request) =>
      request.url() === `${endpoint()}/decode` && request.method() === 'POST';
    page.on('response', (answer) => isDecoding(answer.request()) && resolve(answer.status()));
    page.on('requestfailed', (request) => isDecoding(request) && resolve(null));
  });
  await openWorkflow(page, uiUrl, subject);
  return first;
}

it('shows whoever has signed in at /ops in clear what is encrypted without', async () => {
  await signIn();
  expect(await decodedAt(inject('temporalUiUrl'))).toBe(200);
  await inputWith(page, `"reversalId": "${reversalId}"`).waitFor();
  expect(await inputWith(page, ENCRYPTED).count()).toBe(0);
  await openTab(page, 'User Metadata');
  await markdownOf(page, 'Summary').getByText('Take back 108.00 EUR from seller').waitFor();
  await markdownOf(page, 'Current Details').getByText('The reversal failed and is retried').waitFor();
});

it('shows whoever has not signed in nothing', async () => {
  expect(await decodedAt(inject('temporalUiUrl'))).toBe(401);
  await inputWith(page, ENCRYPTED).waitFor();
  expect(await inputWith(page, reversalId).count()).toBe(0);
});

it('shows nothing where the UI is under another name than TEMPORAL_UI_URL: another site', async () => {
  await signIn();
  const elsewhere = inject('temporalUiUrl').replace('127.0.0.1', 'localhost');
  expect(await decodedAt(elsewhere)).toBeNull();
  await inputWith(page, ENCRYPTED).waitFor();
  expect(await inputWith(page, reversalId).count()).toBe(0);
});

it('Temporal’s command line shows it in clear with an admin’s token', async () => {
  const args = ['workflow', 'show', '--detailed', '--workflow-id', subject];
  const from = ['--address', world.config.TEMPORAL_ADDRESS, '--codec-endpoint', endpoint()];
  const auth = ['--codec-auth', `Bearer ${scene.admin.token}`];
  // Nobody's own profile.
  const options = { env: { HOME: inject('scratchDir') } };
  const { stdout } = await promisify(execFile)(
    await findTemporalBinary(),
    [...args, ...from, ...auth],
    options,
  );
  expect(stdout).toContain(`input[0].reversalId: ${reversalId}`);
  expect(stdout).toContain('summary: Waits after failed attempt 1');
});

it('encrypts what an operator sends by a signal', async () => {
  await signIn();
  expect(await decodedAt(inject('temporalUiUrl'))).toBe(200);
  await page.getByRole('button', { name: 'More Actions' }).click();
  await page.getByRole('menuitem', { name: 'Send a Signal' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByTestId('signal-select-button').click();
  await dialog.getByRole('option', { name: 'giveUp' }).click();
  await dialog.locator('.cm-content').fill('"agreed with the seller by phone"');
  await dialog.getByRole('button', { name: 'Submit' }).click();
  expect(await world.finished(subject)).toEqual({ status: 'permanently_failed' });
  const found = await lookThrough(world, subject);
  const signals = found.payloads.filter(({ where }) => where.includes('workflowExecutionSignaled'));
  expect(signals.map(({ payload }) => encodingOf(payload))).toEqual(['binary/encrypted']);
  expect(readableIn(found)).not.toContain('by phone');
  const [row] = await world.database
    .sql`SELECT error_message FROM transfer_reversals WHERE id = ${reversalId}`;
  expect(row!['error_message']).toContain('agreed with the seller by phone');
});
