import { expect, it } from 'vitest';
import { WORKFLOW_LISTS } from '../../engine/lists/index.ts';
import { COMMANDS } from '../../ops/commands/index.ts';
import { completionFor } from '../../ops/completion.ts';
import { runOpsHere } from '../harness/processes.ts';

// `npm run ops -- lists`: it asks nobody, so it needs no services.

const UI = { TEMPORAL_UI_URL: 'https://temporal.veza.example/', TEMPORAL_NAMESPACE: 'money out' };
const TROUBLE = 'VezaStatus = "reversal_pending" AND VezaRetryCount >= 2';

it('prints the address of each list, in the namespace and at the UI that are set', async () => {
  const { code, stdout } = await runOpsHere(['lists', '--json'], UI);
  expect(code).toBe(0);
  const { data } = JSON.parse(stdout) as { data: { key: string; query: string; url: string }[] };
  expect(data.map(({ key }) => key)).toEqual(WORKFLOW_LISTS.map(({ key }) => key));
  for (const { query, url } of data) {
    const { origin, pathname, searchParams } = new URL(url);
    expect([origin, pathname]).toEqual([
      'https://temporal.veza.example',
      '/namespaces/money%20out/workflows',
    ]);
    expect(searchParams.get('query')).toBe(query);
  }
});

it('prints one by its key, for people and for programs', async () => {
  const text = await runOpsHere(['lists', '--key', 'reversals-in-trouble'], UI);
  expect(text.stdout).toContain('reversals in trouble (reversals-in-trouble): Stripe fails');
  expect(text.stdout).toContain(`    ${TROUBLE}\n    https://temporal.veza.example/namespaces/`);
  expect(text.stdout).not.toContain('open refunds');
  const json = await runOpsHere(['lists', '--key', 'reversals-in-trouble', '--json'], UI);
  expect(JSON.parse(json.stdout)).toMatchObject({ data: [{ query: TROUBLE }] });
});

it('where nobody said where that UI is it prints the queries, and says so', async () => {
  const { code, stdout } = await runOpsHere(['lists'], {});
  expect(code).toBe(0);
  expect(stdout).toContain(TROUBLE);
  expect(stdout).not.toContain('http');
  expect(stdout).toContain('TEMPORAL_UI_URL is not set');
  expect(JSON.parse((await runOpsHere(['lists', '--json'], {})).stdout)).toMatchObject({
    data: WORKFLOW_LISTS.map(() => ({ url: null })),
  });
});

it('a key that is not there is not understood: exit 2, and the keys are named and completed', async () => {
  const { code, stderr } = await runOpsHere(['lists', '--key', 'lost'], UI);
  expect(code).toBe(2);
  expect(stderr).toContain('--key: expected one of reversals-in-trouble, open-reversals');
  expect(completionFor('bash', COMMANDS)).toContain(
    '"lists --key") words="reversals-in-trouble open-reversals',
  );
});
