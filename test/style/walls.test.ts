import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Folder, knows, pathOf, reachOf } from '../../scripts/walls/may.ts';
import { subjectFolders, wallOverrides } from '../../scripts/walls/overrides.ts';
import { EXCEPTIONS, FORBIDDEN, FREE, KINDS } from '../../scripts/walls/table.ts';

// The walls of the layout are lint rules, made of one table. Here each is seen to fail on an import that breaks it, in a small
// tree that the real configuration is copied to, and to let pass what the layout allows: on every pair of folders, and on
// samples written by hand, which say what the table has to mean.

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const OXLINT = createRequire(import.meta.url)
  .resolve('oxlint/package.json')
  .replace('package.json', 'bin/oxlint');

const BROKEN: readonly (readonly [file: string, code: string])[] = [
  ['domain/a.ts', `import { v7 } from 'uuid';`],
  ['domain/b.ts', `import { readFileSync } from 'node:fs';`],
  ['domain/c.ts', `import { readFileSync } from 'fs';`],
  ['domain/d.ts', `import { openDatabase } from '../db/client.ts';`],
  ['domain/e.ts', `import type { Db } from '../db/client.ts';`],
  ['domain/marketplace/f.ts', `import { readConfig } from '../../config.ts';`],
  ['domain/g.ts', `export { Mailbox } from '../workflows/mailbox.ts';`],
  ['workflows/a.ts', `import { createActivities } from '../activities/index.ts';`],
  ['workflows/b.ts', `import { openRefund } from '../db/marketplace/refunds/open.ts';`],
  ['workflows/c.ts', `import type { Db } from '../db/client.ts';`],
  ['workflows/d.ts', `import { setTimeout } from 'node:timers/promises';`],
  ['workflows/e.ts', `import { z } from 'zod';`],
  ['workflows/f.ts', `import { Client } from '@temporalio/client';`],
  ['workflows/g.ts', `import { Worker } from '@temporalio/worker';`],
  ['workflows/h.ts', `import { createEngine } from '../engine/index.ts';`],
  ['workflows/i.ts', `import { Context } from '@temporalio/activity';`],
  ['db/a.ts', `import { createStripe } from '../providers/stripe/client.ts';`],
  ['db/marketplace/b.ts', `import type { Engine } from '../../engine/index.ts';`],
  ['db/payouts/a.ts', `import { writeAuditLog } from '../kernel/write-audit-log.ts';`],
  ['api/payouts/c.ts', `import { users } from '../../db/accounts/schema.ts';`],
  ['db/marketplace/c.ts', `import { refund } from '../../workflows/index.ts';`],
  ['db/d.ts', `import { readConfig } from '../config.ts';`],
  ['providers/stripe/a.ts', `import { orders } from '../../db/schema.ts';`],
  ['providers/b.ts', `import type { Engine } from '../engine/index.ts';`],
  ['engine/a.ts', `import { refund } from '../workflows/index.ts';`],
  ['engine/b.ts', `import type { Db } from '../db/client.ts';`],
  ['engine/d.ts', `import { hinted } from '../workflows/kernel/heard.ts';`],
  ['engine/e.ts', `import { refund } from '../workflows/marketplace/refund.ts';`],
  ['engine/f.ts', `import { it } from '../workflows/marketplace/messages/it.ts';`],
  ['engine/port/a.ts', `import { createEngine } from '../index.ts';`],
  ['engine/port/b.ts', `import type { Calls } from '../calls.ts';`],
  ['engine/port/c.ts', `import type { refund } from '../../workflows/index.ts';`],
  ['engine/port/d.ts', `import { verdict } from '../../workflows/marketplace/messages.ts';`],
  ...['activities', 'inbox', 'operations', 'api'].flatMap((folder) => [
    [`${folder}/of-engine.ts`, `import { createEngine } from '../engine/index.ts';`] as const,
    [`${folder}/of-engine-type.ts`, `import type { TaskQueues } from '../engine/calls.ts';`] as const,
  ]),
  ['activities/f.ts', `import { createCodec } from '../engine/codec.ts';`],
  ['activities/a.ts', `import { refund } from '../workflows/index.ts';`],
  ['activities/b.ts', `import { createApp } from '../api/app.ts';`],
  ['activities/c.ts', `import { readConfig } from '../config.ts';`],
  ['comparison/a.ts', `import type { Engine } from '../engine/index.ts';`],
  ['comparison/b.ts', `import { readConfig } from '../config.ts';`],
  ['comparison/c.ts', `import { receive } from '../inbox/receive.ts';`],
  ['db/e.ts', `import { compareWithProviders } from '../comparison/index.ts';`],
  ['api/e.ts', `import { compareWithProviders } from '../comparison/index.ts';`],
  ['activities/d.ts', `import { compareWithProviders } from '../comparison/index.ts';`],
  ['activities/reconcile/a.ts', `import type { Hyperswitch } from '../../providers/hyperswitch/client.ts';`],
  ['activities/reconcile/b.ts', `import { createHyperswitch } from '../../providers/hyperswitch/client.ts';`],
  ['activities/reconcile/c.ts', `import type { Deps } from '../deps.ts';`],
  ['activities/reconcile/d.ts', `import { createStripe } from '../../providers/stripe/client.ts';`],
  ['activities/settlements/a.ts', `import { createStripe } from '../../providers/stripe/client.ts';`],
  [
    'activities/settlements/b.ts',
    `import type { HyperswitchReader } from '../../providers/hyperswitch/client.ts';`,
  ],
  ['activities/settlements/c.ts', `import type { Deps } from '../deps.ts';`],
  ['activities/settlements/d.ts', `import type { Engine } from '../../engine/index.ts';`],
  ['inbox/a.ts', `import { createStripe } from '../providers/stripe/client.ts';`],
  ['inbox/b.ts', `import { createApp } from '../api/app.ts';`],
  ['inbox/c.ts', `import type { refund } from '../workflows/index.ts';`],
  ['api/a.ts', `import { createHyperswitch } from '../providers/hyperswitch/client.ts';`],
  ['api/marketplace/b.ts', `import { classify } from '../../providers/stripe/classify.ts';`],
  ['api/marketplace/c.ts', `import { refund } from '../../workflows/index.ts';`],
  ['api/d.ts', `import { createActivities } from '../activities/index.ts';`],
  ['ops/a.ts', `import { createStripe } from '../providers/stripe/client.ts';`],
  ['ops/commands/b.ts', `import { startStack } from '../../stack/index.ts';`],
  ['ops/c.ts', `import { startWorker } from '../worker.ts';`],
  ['observe/a.ts', `import { createActivities } from '../activities/index.ts';`],
  ['observe/b.ts', `import { createStripe } from '../providers/stripe/client.ts';`],
  ['observe/c.ts', `import { createApp } from '../api/app.ts';`],
  ['observe/d.ts', `import { refund } from '../workflows/index.ts';`],
  ['observe/e.ts', `import { readConfig } from '../config.ts';`],
  ['api/f.ts', `import { createObserver } from '../observe/index.ts';`],
  ['db/f.ts', `import { createMetrics } from '../observe/metrics.ts';`],
  ['engine/c.ts', `import { around } from '../observe/context.ts';`],
  ['inbox/d.ts', `import type { Metrics } from '../observe/metrics.ts';`],
  ['ops/d.ts', `import { createObserver } from '../observe/index.ts';`],
  ['workflows/j.ts', `import { around } from '../observe/context.ts';`],
  ['activities/e.ts', `import { Counter } from 'prom-client';`],
  ['providers/c.ts', `import { trace } from '@opentelemetry/api';`],
  ['db/g.ts', `import { Counter } from 'prom-client';`],
  ['api/g.ts', `import { Registry } from 'prom-client';`],
  ['api/i.ts', `import type { refund } from '../workflows/index.ts';`],
  ['ops/i.ts', `import type { refund } from '../workflows/index.ts';`],
  ['root.ts', `import { Registry } from 'prom-client';`],
  ['operations/a.ts', `import { createApp } from '../api/app.ts';`],
  ['operations/marketplace/b.ts', `import { createStripe } from '../../providers/stripe/client.ts';`],
  ['operations/c.ts', `import { readConfig } from '../config.ts';`],
  ['operations/d.ts', `import { token } from '../ops/commands/token.ts';`],
  ...['domain', 'workflows', 'db', 'providers', 'engine', 'activities', 'comparison', 'inbox', 'observe'].map(
    (folder) => [`${folder}/operated.ts`, `import { approve } from '../operations/approvals.ts';`] as const,
  ),
  ['activities/reconcile/e.ts', `import { approve } from '../../operations/approvals.ts';`],
  ['config/a.ts', `import { readConfig } from '../config.ts';`],
  ['config/b.ts', `import type { Engine } from '../engine/index.ts';`],
  ['api/h.ts', `import { KERNEL_VARIABLES } from '../config/kernel.ts';`],
  ['stack/a.ts', `import { startWorker } from '../worker.ts';`],
  ['worker.ts', `import { startStack } from './stack/index.ts';`],
  ['server.ts', `import { World } from './test/harness/world.ts';`],
  ...[
    'activities',
    'comparison',
    'api',
    'db',
    'domain',
    'engine',
    'inbox',
    'observe',
    'operations',
    'providers',
    'workflows',
  ].map((folder) => [`${folder}/sandboxed.ts`, `import { ids } from '../stand-ins/kernel/ids.ts';`] as const),
];

const SOUND: readonly (readonly [file: string, code: string])[] = [
  ['domain/kernel/sound.ts', `import { machineAllows } from './machine.ts';`],
  ['domain/marketplace/sound.ts', `import { machineAllows } from '../kernel/index.ts';`],
  ['workflows/sound.ts', `import type { Activities } from '../activities/index.ts';`],
  ['workflows/sound2.ts', `import { condition } from '@temporalio/workflow';`],
  ['workflows/sound3.ts', `import { ApplicationFailure } from '@temporalio/common';`],
  ['workflows/sound4.ts', `import { machineAllows } from '../domain/kernel/index.ts';`],
  [
    'db/marketplace/sound.ts',
    `import { eq } from 'drizzle-orm'; import { sumMinor } from '../../domain/kernel/index.ts';`,
  ],
  ['db/payouts/sound.ts', `import { users } from '../accounts/schema.ts';`],
  ['db/payouts/sound2.ts', `import { amount } from '../kernel/columns.ts';`],
  ['providers/stripe/sound.ts', `import { sumMinor } from '../../domain/kernel/index.ts';`],
  ['engine/sound.ts', `import type { refund } from '../workflows/index.ts';`],
  ['engine/sound2.ts', `import { verdict } from '../workflows/marketplace/messages.ts';`],
  ['engine/sound3.ts', `import { retryNow } from '../workflows/kernel/messages.ts';`],
  ['engine/sound4.ts', `import type * as workflows from '../workflows/index.ts';`],
  ['engine/sound5.ts', `import type { Engine } from './port/index.ts';`],
  ['engine/port/sound.ts', `import type { Hint } from '../../domain/kernel/index.ts';`],
  ['ops/sound4.ts', `import { createEngine } from '../engine/index.ts';`],
  ['api/sound4.ts', `import { createCodec } from '../engine/codec.ts';`],
  ...['activities', 'inbox', 'operations', 'api'].map(
    (folder) =>
      [`${folder}/sound-engine.ts`, `import type { Engine } from '../engine/port/index.ts';`] as const,
  ),
  ['activities/marketplace/sound.ts', `import type { Config } from '../../config.ts';`],
  ['activities/sound.ts', `import { createStripe } from '../providers/stripe/client.ts';`],
  [
    'activities/reconcile/sound.ts',
    `import type { HyperswitchReader } from '../../providers/hyperswitch/client.ts';`,
  ],
  [
    'activities/settlements/sound.ts',
    `import { endSettlementFile } from '../../db/settlements/end-file.ts';`,
  ],
  ['inbox/sound.ts', `import { parse } from '../providers/webhooks/stripe-event.ts';`],
  ['api/marketplace/sound.ts', `import { parse } from '../../providers/webhooks/stripe-event.ts';`],
  ['comparison/sound.ts', `import { createStripe } from '../providers/stripe/client.ts';`],
  ['comparison/sound2.ts', `import { orders } from '../db/schema.ts';`],
  ['api/sound3.ts', `import { approve } from '../operations/approvals.ts';`],
  ['operations/sound.ts', `import { redispatch } from '../inbox/redrive.ts';`],
  ['operations/sound2.ts', `import { parseStripeEvent } from '../providers/webhooks/stripe-event.ts';`],
  ['ops/sound3.ts', `import { approve } from '../operations/approvals.ts';`],
  ['ops/sound2.ts', `import { compareWithProviders } from '../comparison/index.ts';`],
  ['ops/sound.ts', `import { readConfig } from '../config.ts';`],
  ['observe/sound.ts', `import type { ApiObserver } from '../api/context.ts';`],
  ['observe/sound2.ts', `import { readFigures } from '../db/operators/index.ts';`],
  ['observe/sound3.ts', `import { Counter } from 'prom-client';`],
  ['observe/sound4.ts', `import type { Config } from '../config.ts';`],
  ['config/sound.ts', `import { durationMs } from '../domain/kernel/index.ts';`],
  ['log.ts', `import { around } from './observe/context.ts';`],
  ['test/sound.ts', `import { startStack } from '../stack/index.ts';`],
  ['bench/sound.ts', `import { startStack } from '../stack/index.ts';`],
  ['config.ts', `import { z } from 'zod';`],
  ['vitest.config.ts', `import SlowestFirst from './test/harness/sequencer.ts';`],
];

const BUILT_INS: readonly (readonly [file: string, code: string])[] = [
  ['workflows/process.ts', `export const mode = process.env['MODE'];`],
  ['workflows/buffer.ts', `export const bytes = Buffer.from('a');`],
  ['workflows/fetch.ts', `export const answer = fetch('http://127.0.0.1');`],
  ['workflows/clone.ts', `export const copy = structuredClone({});`],
];

interface Sample {
  readonly file: string;
  readonly code: string;
  readonly isBroken: boolean;
}

/** Every folder that code of a subject, or of a kind without subjects, stands in. */
const FOLDERS: readonly Folder[] = [
  ...Object.keys(KINDS)
    .filter((kind) => !KINDS[kind]?.hasSubjects)
    .map((kind) => ({ kind })),
  ...subjectFolders(ROOT),
];

/** Imports of one folder by another: of a file, of its type, and of the index. */
function samplesOf(from: Folder): Sample[] {
  return FOLDERS.filter((to) => pathOf(to) !== pathOf(from)).flatMap((to) => {
    const way = relative(pathOf(from), pathOf(to));
    const path = way.startsWith('.') ? way : `./${way}`;
    const known = knows(from.kind, to.kind);
    // Of providers some kinds know the webhooks: the samples by hand have that.
    if (to.kind === 'providers' && known === 'nothing') return [];
    const reach = to.subject === undefined ? 'files' : reachOf(from, { kind: to.kind, subject: to.subject });
    const name = `${pathOf(from)}/of-${pathOf(to).replace('/', '-')}`;
    const closed =
      known === 'nothing' ||
      reach === 'nothing' ||
      FORBIDDEN.some(
        ({ folder, regex }) => folder === pathOf(from) && new RegExp(regex).test(`${path}/file.ts`),
      );
    return [
      {
        file: `${name}.ts`,
        code: `import { it } from '${path}/file.ts';`,
        isBroken: closed || known === 'types' || reach === 'index',
      },
      {
        file: `${name}-type.ts`,
        code: `import type { It } from '${path}/file.ts';`,
        isBroken: closed || reach === 'index',
      },
      {
        file: `${name}-index.ts`,
        code: `import type { It } from '${path}/index.ts';`,
        isBroken: closed,
      },
    ];
  });
}
const SAMPLES = new Map(FOLDERS.map((folder) => [pathOf(folder), samplesOf(folder)]));

const WALLED = new Set(Object.keys(KINDS));

interface Diagnostic {
  readonly code: string;
  readonly filename: string;
}

let tree: string;
let diagnostics: readonly Diagnostic[];

const codesOf = (file: string) =>
  diagnostics.filter((found) => found.filename === file).map((found) => found.code);

beforeAll(async () => {
  tree = await mkdtemp(join(tmpdir(), 'veza-walls-'));
  for (const name of ['.oxlintrc.json', '.oxlintrc.walls.json']) await cp(join(ROOT, name), join(tree, name));
  const made = [...SAMPLES.values()].flat().map(({ file, code }) => [file, code] as const);
  for (const [file, code] of [...BROKEN, ...SOUND, ...BUILT_INS, ...made]) {
    await mkdir(dirname(join(tree, file)), { recursive: true });
    await writeFile(join(tree, file), `${code}\n`);
  }
  diagnostics = await lint(tree);
  // The linter reads thousands of files, on cores that other test files keep busy.
}, 180_000);
afterAll(() => rm(tree, { recursive: true, force: true }));

function lint(dir: string): Promise<readonly Diagnostic[]> {
  return new Promise((resolve, reject) => {
    execFile(
      process.execPath,
      [OXLINT, '--format', 'json'],
      { cwd: dir, maxBuffer: 2 ** 26 },
      (error, stdout) => {
        // Exit 1 is what a finding gives; anything that is not JSON is a broken configuration.
        try {
          resolve((JSON.parse(stdout) as { diagnostics: Diagnostic[] }).diagnostics);
        } catch (cause) {
          reject(new Error(`oxlint said: ${stdout}`, { cause: error ?? cause }));
        }
      },
    );
  });
}

describe('walls', () => {
  test.each(BROKEN)('%s may not: %s', (file) => {
    expect(codesOf(file)).toContain('eslint(no-restricted-imports)');
  });

  test.each(SOUND)('%s may: %s', (file) => {
    expect(codesOf(file)).not.toContain('eslint(no-restricted-imports)');
  });

  test('are made of the table', async () => {
    const file = await readFile(join(ROOT, '.oxlintrc.walls.json'), 'utf8');
    expect((JSON.parse(file) as { overrides: unknown }).overrides).toEqual(wallOverrides(ROOT));
  });

  test.each([...SAMPLES.keys()])('%s may import what the table allows, and nothing else', (folder) => {
    const samples = SAMPLES.get(folder) ?? [];
    expect(samples.length).toBeGreaterThan(50);
    const wrong = samples.filter(
      ({ file, isBroken }) => codesOf(file).includes('eslint(no-restricted-imports)') !== isBroken,
    );
    expect(wrong).toEqual([]);
  });

  test('an exception is one of two folders that there are, and says why', () => {
    const known = FOLDERS.map(pathOf);
    for (const { from, to, why } of EXCEPTIONS) {
      expect(known).toEqual(expect.arrayContaining([from, to]));
      expect(why.length).toBeGreaterThan(20);
    }
    expect(EXCEPTIONS.length).toBeLessThanOrEqual(3);
  });

  test.each(BUILT_INS)('%s: what is not replayed the same stays out of workflows', (file) => {
    expect(codesOf(file)).toContain('eslint(no-restricted-globals)');
  });

  test('every folder with code stands behind a wall or is one that may import everything', async () => {
    const entries = await readdir(ROOT, { withFileTypes: true });
    const folders = entries
      .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
      .map((entry) => entry.name)
      .filter((name) => !['node_modules', 'deploy', 'dist', 'docs'].includes(name));
    expect(folders.filter((name) => !WALLED.has(name) && !FREE.some((free) => free === name))).toEqual([]);
  });

  // A lint rule sees `import … from`; a module named at run time would slip past it.
  test('nothing behind a wall imports at run time', async () => {
    const files = await readdir(ROOT, { recursive: true });
    const walled = files.filter((file) => file.endsWith('.ts') && WALLED.has(file.split('/')[0] ?? ''));
    expect(walled.length).toBeGreaterThan(100);
    for (const file of walled.filter((name) => !name.includes('node_modules'))) {
      expect(await readFile(join(ROOT, file), 'utf8'), file).not.toMatch(/\bimport\s*\(/);
    }
  });
});
