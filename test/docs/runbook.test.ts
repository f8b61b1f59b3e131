import { readdirSync, readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { WORKFLOW_LISTS } from '../../engine/lists/index.ts';
import { withRunbookTables } from '../../ops/runbook-lists.ts';
import { titleOf } from '../../operations/titles.ts';
import { SITUATIONS } from '../../sandbox/situations/index.ts';
import type { Step } from '../../sandbox/situations/situation.ts';

const DOCS = fileURLToPath(new URL('../../docs/', import.meta.url));
const runbook = readFileSync(`${DOCS}runbook.md`, 'utf8');
const pictures = readdirSync(`${DOCS}screenshots`);

const MOST_BYTES = 120 * 1024;

/** What stands under a heading, to the next of its rank or above. */
function section(heading: string): string {
  const [, after] = runbook.split(`\n${heading}\n`);
  if (after === undefined) throw new Error(`docs/runbook.md has no ${heading}`);
  return after.split(/^#{2,3} /m)[0] ?? '';
}

/** The line of a list that begins so. */
const line = (text: string, beginning: string) =>
  text.split('\n').find((one) => one.startsWith(`- **${beginning}**: `)) ?? '';

/** By what word the runbook names a step. */
function wordOf(step: Step): string {
  switch (step.take) {
    case 'action':
      return `**${titleOf(step.action).title}**`;
    case 'clear_flag':
      return '**Clear the flag**';
    case 'resolve_exceptions':
      return '**Resolve its exceptions**';
    case 'signal':
      return `\`${step.signal}\``;
    case 'reset_activity':
      return '**Reset**';
    case 'sweep':
      return `_${step.phase.replaceAll('_', ' ')}_`;
    case 'backfill':
      return '`npm run ops -- backfill-transfer-ids`';
    case 'phantoms':
      return '`npm run ops -- phantoms --apply`';
    case 'time':
      return 'ten minutes';
    case 'nothing':
      return 'nothing';
  }
}

describe.each(SITUATIONS.map((situation) => [situation.name, situation] as const))(
  '%s',
  (name, situation) => {
    const text = () => section(`### Situation: ${name.replaceAll('-', ' ')}`);

    it('says how it looks, why it happened, what comes by itself, and what must not be done', () => {
      expect(text()).toContain(`\n${situation.title}.\n`);
      for (const beginning of ['looks like', 'why', 'by itself', 'do not'])
        expect(line(text(), beginning).length, beginning).toBeGreaterThan(30);
    });

    it('names the steps of the way out that is tested', () => {
      const fromConsole = line(text(), 'from the console');
      for (const step of situation.ways.console) expect(fromConsole).toContain(wordOf(step));
      const fromTemporal = line(text(), "from Temporal's UI");
      if (situation.ways.temporal === null) expect(fromTemporal).toContain('on purpose');
      for (const step of situation.ways.temporal ?? [])
        // In Temporal's UI a sweep is the whole of it.
        expect(fromTemporal).toContain(
          step.take === 'sweep' ? 'trigger the Schedule `reconcile`' : wordOf(step),
        );
    });

    it('shows a picture of it in either tool', () => {
      for (const tool of ['console', 'temporal']) {
        expect(text()).toContain(`](screenshots/${name}-${tool}.png)`);
        expect(pictures).toContain(`${name}-${tool}.png`);
      }
    });
  },
);

describe("the table of lists in Temporal's UI", () => {
  const rows = [...runbook.matchAll(/^\| ([\w ]+?) +\| [^`|]+\| `([^`]+)` +\| `([^`]+)` +\|$/gm)];

  it('is what engine/lists/index.ts says', () => {
    expect(runbook, 'out of date: run `npm run config:docs`').toBe(withRunbookTables(runbook));
    expect(rows.map(([, title]) => title)).toEqual(WORKFLOW_LISTS.map(({ title }) => title));
    expect(new Set(WORKFLOW_LISTS.map(({ key }) => key)).size).toBe(WORKFLOW_LISTS.length);
  });

  it.each(rows.map(([, title, query, address]) => [title, query, address] as const))(
    '%s: its address holds its query',
    (_, query = '', address = '') => {
      const url = new URL(address, 'http://127.0.0.1:8233');
      expect(url.pathname).toBe('/namespaces/default/workflows');
      expect(url.searchParams.get('query')).toBe(query);
    },
  );
});

it('every picture is small, and shown somewhere', () => {
  const documents = runbook + readFileSync(`${DOCS}encryption.md`, 'utf8');
  for (const picture of pictures) {
    expect(documents).toContain(`](screenshots/${picture})`);
    expect(statSync(`${DOCS}screenshots/${picture}`).size, picture).toBeLessThan(MOST_BYTES);
  }
});

it('the situations come in the order of the script that makes them', () => {
  const headings = [...runbook.matchAll(/^### Situation: (.*)$/gm)].map(([, words]) =>
    words?.replaceAll(' ', '-'),
  );
  expect(headings).toEqual(SITUATIONS.map(({ name }) => name));
});

it('every link to a section of its own leads somewhere', () => {
  const anchors = [...runbook.matchAll(/^#+ (.*)$/gm)].map(([, words = '']) =>
    words
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  );
  for (const [, anchor] of runbook.matchAll(/\]\(#([^)]+)\)/g)) expect(anchors).toContain(anchor);
});
