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
  /\b(?:planId|plan_id|plan\.id)\s*[!=]==?\s*['"`]|['"`]\s*[!=]==?\s*[\w.]*\b(?:planId|plan\.id)\b/;

/** What a source decides that it must not. */
function decisionsIn(path: string, source: string): string[] {
  const found: string[] = [];
  for (const { kind, text, line } of tokensOf(source)) {
    const isWord = kind === 'name' || kind === 'string';
    if (isWord && OF_FEATURES.has(text) && !KNOW_FEATURES.has(path)) found.push(`${path}:${line}: ${text}`);
    if (kind === 'string' && OF_SUBSCRIPTIONS.has(text) && !KNOW_SUBSCRIPTIONS.test(path))
      found.push(`${path}:${line}: '${text}'`);
  }
  for (const [at, line] of source.split('\n').entries()) {
    if (DECIDES_BY_PLAN.test(line)) found.push(`${path}:${at + 1}: a plan by its name`);
  }
  return found;
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
