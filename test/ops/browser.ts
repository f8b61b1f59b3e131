import { execFileSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Browser, chromium } from 'playwright-core';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];
const INSTALL = fileURLToPath(new URL('../../scripts/install-chromium.sh', import.meta.url));

/** How long it may take to install it, where the machine has none. */
export const BROWSER_WITHIN_MS = 5 * 60_000;

/** A story of many pages, where several browsers share two cores with all servers. */
export const STORY_WITHIN_MS = 3 * 60_000;

/** A real Chromium: the one that CHROMIUM_PATH names, or of the machine, or installed now. */
export async function openBrowser(): Promise<Browser> {
  const executablePath = findChromium() ?? installChromium();
  // As root, as CI runs, Chromium's own sandbox does not start; it opens our pages alone.
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
}

function findChromium(): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const candidates = [
    process.env['CHROMIUM_PATH'] ?? '',
    ...NAMES.flatMap((name) => folders.map((folder) => join(folder, name))),
  ];
  return candidates.find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return path !== '';
  } catch {
    return false;
  }
}

function installChromium(): string {
  execFileSync('bash', [INSTALL], { stdio: 'inherit' });
  const installed = findChromium();
  if (installed === undefined) throw new Error('Chromium was installed and cannot be found');
  return installed;
}
