import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { OpenAPIHono } from '@hono/zod-openapi';
import { expect, test } from 'vitest';
import type { ApiEnv } from '../../api/context.ts';
import { serveOpenApi } from '../../api/docs/openapi.ts';
import { createMetrics } from '../../observe/metrics.ts';

// package.json says the version; whatever repeats it is held against it here.

const read = (name: string) => readFileSync(fileURLToPath(new URL(`../../${name}`, import.meta.url)), 'utf8');
const { version } = JSON.parse(read('package.json')) as { version: string };

test('the lock file is of this version', () => {
  const lock = JSON.parse(read('package-lock.json')) as {
    version: string;
    packages: Record<string, { version?: string }>;
  };
  expect([lock.version, lock.packages['']?.version]).toEqual([version, version]);
});

test('the API document is of this version', async () => {
  const app = new OpenAPIHono<ApiEnv>();
  serveOpenApi(app);
  const document = (await (await app.request('/openapi.json')).json()) as { info: { version: string } };
  expect(document.info.version).toBe(version);
});

test('the metrics of a process say this version', async () => {
  const shown = await createMetrics().registry.getSingleMetricAsString('veza_build_info');
  expect(shown).toContain(`veza_build_info{version="${version}"} 1`);
});

test('the image says this version, and Compose tags it so', () => {
  expect(read('Dockerfile').match(/org\.opencontainers\.image\.version=(\S+)/)?.[1]).toBe(version);
  expect(read('docker-compose.yml').match(/image: veza:\$\{VEZA_VERSION:-([^}]+)\}/)?.[1]).toBe(version);
});

test('the change log has a section for this version, before those of older ones', () => {
  const sections = [...read('CHANGELOG.md').matchAll(/^## \[([^\]]+)\]/gm)].map(([, name]) => name);
  expect(sections.filter((name) => name !== 'Unreleased')[0]).toBe(version);
});
