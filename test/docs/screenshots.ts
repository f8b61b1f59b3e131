import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import UPNG from 'upng-js';
import { startVeza } from '../../sandbox/cli/veza.ts';
import { SITUATIONS } from '../../sandbox/situations/index.ts';
import { openScene, type Scene } from '../../sandbox/situations/scene.ts';
import { consoleProgress, shutDown, stopWithProcess } from '../../sandbox/stack/index.ts';
import { openBrowser } from '../harness/browser.ts';

// `npm run docs:screenshots [NAME…]`: makes the situations of docs/runbook.md on the embedded stack and takes a picture
// of each, in the console and in Temporal's UI, into docs/screenshots.

const FOLDER = fileURLToPath(new URL('../../docs/screenshots/', import.meta.url));
/** A stack of its own, begun anew: what somebody's `npm run dev` holds is in no picture. */
const STATE = fileURLToPath(new URL('../../.veza/screenshots', import.meta.url));
const VIEWPORT = { width: 1120, height: 880 };
/** Enough for text and badges; a picture is then a fifth of what the browser makes. */
const COLOURS = 128;
/** Temporal's UI loads in parts, and nothing of ours tells when the last is there. */
const SETTLED_AFTER_MS = 2_500;

/** Where Temporal's UI says it best: the details that the workflow describes itself with, unless told. */
const TABS: Readonly<Record<string, string>> = {
  'refund-waits-for-psp': 'Pending Activities',
  'workflow-terminated': 'History',
  'refund-orphan': 'History',
};

const progress = consoleProgress();
const wanted = process.argv.slice(2);
const situations = SITUATIONS.filter(({ name }) => wanted.length === 0 || wanted.includes(name));

rmSync(STATE, { recursive: true, force: true });
const veza = await startVeza({
  progress,
  dir: STATE,
  onLine: () => undefined,
  autoPay: false,
  env: { LOG_LEVEL: 'warn', REVERSAL_BACKOFF_BASE: '30m', TRANSFER_RETRY_BACKOFF_BASE: '30m' },
});
const { temporalUiUrl } = veza;
if (temporalUiUrl === null) throw new Error('the embedded stack has a UI of its own: unset TEMPORAL_ADDRESS');
const scene = await openScene(veza);
stopWithProcess(() => scene.close());
const browser = await openBrowser();
stopWithProcess(() => browser.close());
const page = await (await browser.newContext({ viewport: VIEWPORT })).newPage();
await signIn(page, veza.apiUrl, scene);

mkdirSync(FOLDER, { recursive: true });
if (wanted.length === 0) {
  for (const name of readdirSync(FOLDER)) rmSync(join(FOLDER, name));
}
for (const { name, make } of situations) {
  const { subject } = await make(scene);
  await page.goto(`${veza.apiUrl}/ops/story/${subject}`);
  await picture(page, `${name}-console`);
  await page.goto(`${temporalUiUrl}/namespaces/default/workflows/${encodeURIComponent(subject)}`);
  await page.getByText(subject).first().waitFor();
  await page
    .getByRole('tab', { name: TABS[name] ?? 'User Metadata' })
    .or(page.getByText(TABS[name] ?? 'User Metadata'))
    .first()
    .click();
  await page.waitForTimeout(SETTLED_AFTER_MS);
  await picture(page, `${name}-temporal`);
}
await page.goto(`${veza.apiUrl}/ops/stuck`);
await picture(page, 'stuck-console');
await shutDown(0);

async function signIn(on: Page, apiUrl: string, { admin }: Scene): Promise<void> {
  await on.goto(`${apiUrl}/ops`);
  await on.getByLabel('Bearer token').fill(admin.token);
  await on.getByRole('button', { name: 'Sign in' }).click();
  await on.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
}

async function picture(on: Page, name: string): Promise<void> {
  const taken = UPNG.decode(Uint8Array.from(await on.screenshot()).buffer);
  const smaller = UPNG.encode(UPNG.toRGBA8(taken), taken.width, taken.height, COLOURS);
  writeFileSync(join(FOLDER, `${name}.png`), new Uint8Array(smaller));
  progress.say(`docs/screenshots/${name}.png: ${Math.round(smaller.byteLength / 1024)} KiB`);
}
