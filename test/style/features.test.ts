import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { tokensOf } from './tokens.ts';

// What somebody may do by their plan is decided in one place, by an effective payment: see featuresOf. Other code that looks
// at a feature, a plan or the status of a subscription would let people in who have not paid.

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const KINDS = ['activities', 'api', 'db', 'domain', 'inbox', 'operations', 'workflows'];

/** The rule, the gates, and what only shows or stores features. */
const KNOW_FEATURES = new Set([
  'api/subscriptions/plan-view.ts',
  'db/subscriptions/gates.ts',
  'db/subscriptions/read/standing.ts',
  'db/subscriptions/schema.ts',
  'domain/subscriptions/features.ts',
  'domain/subscriptions/gate.ts',
  'domain/subscriptions/index.ts',
]);
const OF_FEATURES = new Set([
  'canSellOnMarketplace',
  'canDistribute',
  'uploadQuotaMb',
  'can_sell_on_marketplace',
  'can_distribute',
  'upload_quota_mb',
  'hasEffectivePayment',
]);

/** Words of subscriptions alone, but for roles that are called as plans are. */
const OF_SUBSCRIPTIONS = new Set([
  'pending_payment',
  'trialing',
  'past_due',
  'canceling',
  'creator',
  'premium',
]);
const KNOW_SUBSCRIPTIONS = /(^|\/)subscriptions(\/|\.ts$)|^db\/invariants\/|^domain\/accounts\/roles\.ts$/;

const DECIDES_BY_PLAN =
  /\b(?:planId|plan_id|plan\.id)\s*[!=]==?\s*['"`]|['"`]\s*[!=]==?\s*[\w.]*\b(?:planId|plan\.id)\b/g;

// `active` is a word of many rows, so it is found by what it is compared with, or by how its row was read.
const DECIDES_BY_STATUS =
  /\bsubscription\??\.status\s*[!=]==?\s*['"`]|['"`]\s*[!=]==?\s*[\w.?]*\bsubscription\??\.status\b|\.includes\([\w.?]*\bsubscription\??\.status\b/g;
/** What shows the status of somebody's subscription: featuresOf and the gates show what it is worth. */
const SHOW_STATUS = new Set(['readStanding', 'readStandingsOf', 'readLiveSubscription', 'subscriptions']);
const TAKEN = /\b(?:import|export)\s+(?!type\b)(?:\{([^}]*)\}|\*[^;]*?)\s*from\s*['"]([^'"]+)['"]/g;
const OF_THE_SUBJECT = /(^|\/)subscriptions(\/|\.ts$)/;
const SCHEMA_OF_ALL = /(^|\/)schema\.ts$/;
/** The register of all tables, and the sweep, which looks for what is overdue. */
const TAKE_ROWS = new Set(['db/schema.ts', 'db/reconcile/sweep.ts']);

/** What a source decides that it must not: where, and why. */
function decisionsIn(path: string, source: string): string[] {
  const found = new Map<number, string>();
  const lineAt = (index: number) => source.slice(0, index).split('\n').length;
  const knows = KNOW_SUBSCRIPTIONS.test(path);
  for (const { kind, text, line } of tokensOf(source)) {
    const isWord = kind === 'name' || kind === 'string';
    if (isWord && OF_FEATURES.has(text) && !KNOW_FEATURES.has(path)) found.set(line, text);
    if (kind === 'string' && OF_SUBSCRIPTIONS.has(text) && !knows) found.set(line, `'${text}'`);
  }
  for (const { index } of source.matchAll(DECIDES_BY_PLAN)) found.set(lineAt(index), 'a plan by its name');
  if (!knows) {
    for (const { index } of source.matchAll(DECIDES_BY_STATUS)) found.set(lineAt(index), 'by the status');
    for (const { index, 1: names, 2: from } of source.matchAll(TAKEN)) {
      const isOfSubject = OF_THE_SUBJECT.test(from ?? '');
      if (TAKE_ROWS.has(path) || (!isOfSubject && !SCHEMA_OF_ALL.test(from ?? ''))) continue;
      const all = isOfSubject ? ['*'] : [];
      const taken = names?.split(',').map((name) => name.trim().split(/\s+/)[0] ?? '') ?? all;
      const shown = taken.filter((name) => name === '*' || SHOW_STATUS.has(name));
      if (shown.length > 0) found.set(lineAt(index), `takes ${shown.join(', ')}`);
    }
  }
  return [...found].map(([line, why]) => `${path}:${line}: ${why}`);
}

function* sourcesIn(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* sourcesIn(path);
    else if (entry.name.endsWith('.ts')) yield path;
  }
}

it.each([
  ['api/catalog/upload.ts', 'const most = plan.features.uploadQuotaMb;'],
  ['api/catalog/upload.ts', "if (caller.plan === 'premium') allow();"],
  ['db/catalog/create-product.ts', "if (subscription.status !== 'past_due') allow();"],
  ['db/subscriptions/subscribe.ts', "if (planId === 'creator') allow();"],
  ['db/subscriptions/subscribe.ts', "if ('free' === price.planId) allow();"],
  [
    'db/distribution/submit.ts',
    "const s = await readStanding(db, id, terms); if (s?.subscription.status === 'active') allow();",
  ],
  ['db/distribution/submit.ts', "if ('active' !== s.subscription?.status) refuse();"],
  ['db/distribution/submit.ts', "const may = ['active'].includes(live.subscription.status);"],
  ['db/distribution/submit.ts', "import { readStanding } from '../subscriptions/read/standing.ts';"],
  ['db/distribution/submit.ts', "import { type Db, readStandingsOf } from '../subscriptions/index.ts';"],
  [
    'api/distribution/submit.ts',
    "import { readLiveSubscription as live } from '../../db/subscriptions/live.ts';",
  ],
  [
    'db/distribution/submit.ts',
    "import {\n  lockSubscription,\n  subscriptions,\n} from '../subscriptions/index.ts';",
  ],
  ['db/distribution/index.ts', "export { subscriptions } from '../subscriptions/schema.ts';"],
  ['db/distribution/submit.ts', "import { type Tx, subscriptions } from '../schema.ts';"],
  ['db/distribution/submit.ts', "import * as paid from '../subscriptions/index.ts';"],
  ['activities/distribution/deliver.ts', 'if (hasEffectivePayment(row, [], 0, 0)) allow();'],
])('finds code of %s that decides by plan or status: %s', (path, source) => {
  expect(decisionsIn(path, source)).toHaveLength(1);
});

it('no code but the gate decides by plan or status what somebody may do', () => {
  const found = KINDS.flatMap((kind) => [...sourcesIn(join(ROOT, kind))]).flatMap((file) =>
    decisionsIn(relative(ROOT, file), readFileSync(file, 'utf8')),
  );
  expect(found).toEqual([]);
});
