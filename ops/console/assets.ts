import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Hono } from 'hono';
import type { ConsoleEnv } from './deps.ts';

const TYPES = {
  'console.css': 'text/css; charset=utf-8',
  'console.js': 'text/javascript; charset=utf-8',
  'icon.svg': 'image/svg+xml',
} as const;
type Asset = keyof typeof TYPES;

const VERSION_LENGTH = 12;

const read = (name: Asset) => {
  const text = readFileSync(new URL(`assets/${name}`, import.meta.url), 'utf8');
  const version = createHash('sha256').update(text).digest('base64url').slice(0, VERSION_LENGTH);
  return { text, version };
};

// Three small files, read once: a process whose build lacks one does not start.
const ASSETS = Object.fromEntries(Object.keys(TYPES).map((name) => [name, read(name as Asset)])) as Readonly<
  Record<Asset, ReturnType<typeof read>>
>;

/** Its address changes with its content, so that browsers may keep it for good. */
export const assetPath = (name: Asset): string => `/ops/assets/${name}?v=${ASSETS[name].version}`;

/** The stylesheet, the script of live updates and the icon; for everybody, since the login shows them. */
export function serveAssets(app: Hono<ConsoleEnv>): void {
  for (const [name, type] of Object.entries(TYPES)) {
    app.get(`/assets/${name}`, (c) =>
      c.body(ASSETS[name as Asset].text, 200, {
        'Content-Type': type,
        'Cache-Control': 'public, max-age=31536000, immutable',
      }),
    );
  }
}
