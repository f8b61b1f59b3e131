import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import UPNG from 'upng-js';
import { startVeza } from '../../sandbox/cli/veza.ts';
import { storyPath } from '../../ops/console/views/links.ts';
import { noWorker } from '../../sandbox/situations/at-our-side.ts';
import { reversalBackoff } from '../../sandbox/situations/at-stripe.ts';
import { SITUATIONS } from '../../sandbox/situations/index.ts';
import { openScene, type Scene } from '../../sandbox/situations/scene.ts';
import type { Situation } from '../../sandbox/situations/situation.ts';
import { consoleProgress, shutDown, stopWithProcess } from '../../stack/index.ts';
import { openBrowser } from '../ops/browser.ts';
import { giveSession } from '../ops/console-browser.ts';
import { applyCodec, fillInCodec, inputWith, openTab, openWorkflow } from '../ops/temporal-ui.ts';

// `npm run docs:screenshots [NAME…]`: makes the situations of docs/runbook.md on the embedded stack and takes a picture
// of each, in the console and in Temporal's UI, into docs/screenshots; and, as `codec`, those of docs/encryption.md. What
// Temporal keeps is encrypted, so that its UI shows what it shows in these pictures by our codec endpoint.

const FOLDER = fileURLToPath(new URL('../../docs/screenshots/', import.meta.url));
/** A stack of its own, begun anew: what somebody's `npm run dev` holds is in no picture. */
const STATE = fileURLToPath(new URL('../../.veza/screenshots', import.meta.url));
const VIEWPORT = { width: 1120, height: 880 };
/** Enough for text and badges; a picture is then a fifth of what the browser makes. */
const COLOURS = 128;
/** Temporal's UI loads in parts, and nothing of ours tells when the last is there. */
const SETTLED_AFTER_MS = 2_500;

/** Temporal takes a worker for gone when it has not come back from a poll; the page looks again by itself. */
const SEEN_AS_GONE_WITHIN_MS = 120_000;

/** Where Temporal's UI says it best: the details that the workflow describes itself with, unless told. */
const TABS: Readonly<Record<string, string>> = {
  'refund-waits-for-psp': 'Pending Activities',
  'refund-never-answered': 'Pending Activities',
  'workflow-terminated': 'History',
  'refund-orphan': 'History',
  'no-worker': 'Workers',
  'statement-exceptions': 'History',
};

const progress = consoleProgress();
const wanted = process.argv.slice(2);
const takesAll = wanted.length === 0;
const situations = SITUATIONS.filter(({ name }) => takesAll || wanted.includes(name));

rmSync(STATE, { recursive: true, force: true });
const veza = await startVeza({
  progress,
  dir: STATE,
  onLine: () => undefined,
  autoPay: false,
  env: {
    LOG_LEVEL: 'warn',
    REVERSAL_BACKOFF_BASE: '30m',
    TRANSFER_RETRY_BACKOFF_BASE: '30m',
    PAYLOAD_ENCRYPTION_KEYS: `2026-11:${randomBytes(32).toString('base64')}`,
  },
});
if (veza.temporalUiUrl === null) throw new Error('the embedded stack has a UI of its own');
const { temporalUiUrl } = veza;
const scene = await openScene(veza);
stopWithProcess(() => scene.close());
const browser = await openBrowser();
stopWithProcess(() => browser.close());
const page = await (await browser.newContext({ viewport: VIEWPORT })).newPage();
await signIn(page, veza.apiUrl, scene);

mkdirSync(FOLDER, { recursive: true });
if (takesAll) {
  for (const name of readdirSync(FOLDER)) rmSync(join(FOLDER, name));
}
await decodeTemporalUi(takesAll || wanted.includes('codec'));
for (const situation of situations.filter((one) => one !== noWorker)) await show(situation);
if (takesAll || wanted.includes('stuck')) {
  await page.goto(`${veza.apiUrl}/ops/stuck`);
  await picture(page, 'stuck-console');
}
// Last: without workers nothing else can be made.
if (situations.includes(noWorker)) await show(noWorker);
await shutDown(0);

async function signIn(on: Page, apiUrl: string, { admin, db }: Scene): Promise<void> {
  await giveSession(on.context(), { apiUrl, db }, admin);
  await on.goto(`${apiUrl}/ops`);
  await on.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
}

async function show({ name, make }: Situation): Promise<void> {
  const { subject, workflowId = subject } = await make(scene);
  await page.goto(`${veza.apiUrl}${storyPath(subject)}`);
  if (name === noWorker.name) await page.getByRole('alert').waitFor({ timeout: SEEN_AS_GONE_WITHIN_MS });
  await picture(page, `${name}-console`);
  await openWorkflow(page, temporalUiUrl, workflowId);
  await openTab(page, TABS[name] ?? 'User Metadata');
  await page.waitForTimeout(SETTLED_AFTER_MS);
  await picture(page, `${name}-temporal`);
}

/** The admin's browser from now on decodes what Temporal's UI shows; pictures of one workflow before, meanwhile, and after. */
async function decodeTemporalUi(isShown: boolean): Promise<void> {
  const { subject } = await reversalBackoff.make(scene);
  const take = async (name: string) => {
    await page.waitForTimeout(SETTLED_AFTER_MS);
    if (isShown) await picture(page, name);
  };
  await openWorkflow(page, temporalUiUrl, subject);
  await take('codec-encrypted');
  await fillInCodec(page, `${veza.apiUrl}/ops/codec`);
  await take('codec-settings');
  await applyCodec(page);
  await openWorkflow(page, temporalUiUrl, subject);
  await inputWith(page, 'reversalId').waitFor();
  await take('codec-decoded');
}

async function picture(on: Page, name: string): Promise<void> {
  const taken = UPNG.decode(Uint8Array.from(await on.screenshot()).buffer);
  const smaller = UPNG.encode(UPNG.toRGBA8(taken), taken.width, taken.height, COLOURS);
  writeFileSync(join(FOLDER, `${name}.png`), new Uint8Array(smaller));
  progress.say(`docs/screenshots/${name}.png: ${Math.round(smaller.byteLength / 1024)} KiB`);
}
