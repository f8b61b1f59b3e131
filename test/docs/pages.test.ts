import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { WEBHOOK_OUTCOMES } from '../../db/webhooks/index.ts';
import { INVARIANTS } from '../../db/invariants/index.ts';
import { AGREEMENT } from '../../ops/audit.ts';
import { NPM_SCRIPTS } from '../../ops/commands-page.ts';
import { COMMANDS } from '../../ops/commands/index.ts';
import { fileIn, WRITTEN_PAGES } from '../../ops/env-example.ts';
import type { PspFailure, PspNotFound } from '../../providers/hyperswitch/outcomes.ts';
import type { ClassifiedError } from '../../providers/stripe/classify.ts';

// What code, comments and documents name has to be there: pages, sections of them, decisions, pictures.

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const NOT_OURS = new Set(['node_modules', 'dist', '.git', '.veza', 'histories', 'migrations', 'screenshots']);
const TEXT = /\.(ts|mts|mjs|cjs|js|css|sh|sql|md|json|ya?ml|tpl)$|(^|\/)(Dockerfile|run|\.env\.example)$/;
/** Not behind what a name is put together from, as in `${DOCS}runbook.md`. */
const PAGE = /(?<![\w./*<…}-])(?:[\w.-]+\/)*[\w-]+\.md\b/g;

function* filesIn(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (NOT_OURS.has(entry.name)) continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* filesIn(path);
    else if (TEXT.test(path)) yield path;
  }
}

const files = [...filesIn(ROOT)].map((path) => ({
  name: relative(ROOT, path),
  folder: dirname(path),
  text: readFileSync(path, 'utf8'),
}));
const pages = files.filter(({ name }) => name.endsWith('.md'));
const page = (name: string) => {
  const found = pages.find((one) => one.name === name);
  if (found === undefined) throw new Error(`there is no page ${name}`);
  return found.text;
};

/** As GitHub makes them. */
const anchorsOf = (text: string) =>
  [...text.matchAll(/^#+ (.*)$/gm)].map(([, words = '']) =>
    words
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  );

describe('what is named is there', () => {
  it('every page that a file names, from the root of the project or from beside the file', () => {
    const missing = files.flatMap(({ name, folder, text }) =>
      [...text.matchAll(PAGE)]
        .map(([named]) => named)
        .filter((named) => !existsSync(join(ROOT, named)) && !existsSync(join(folder, named)))
        .map((named) => `${name}: ${named}`),
    );
    expect([...new Set(missing)]).toEqual([]);
  });

  it('every file that a page names in a code span', () => {
    const named = /`((?:[\w.-]+\/)+[\w.-]+\.(?:ts|json|sql|ya?ml|sh))`/g;
    // Of Hyperswitch's own repository.
    const isElsewhere = (path: string) => path.startsWith('crates/');
    const missing = pages.flatMap(({ name, text }) =>
      [...text.matchAll(named)]
        .map(([, path = '']) => path)
        .filter((path) => !isElsewhere(path) && !path.startsWith('dist/') && !existsSync(join(ROOT, path)))
        .map((path) => `${name}: ${path}`),
    );
    expect(missing).toEqual([]);
  });

  it('every decision that is named by its number', () => {
    const numbers = new Set(readdirSync(join(ROOT, 'docs/adr')).map((name) => Number(name.slice(0, 4))));
    const missing = files.flatMap(({ name, text }) =>
      [...text.matchAll(/\bADR (\d+)\b/g)]
        .filter(([, number]) => !numbers.has(Number(number)))
        .map(([named]) => `${name}: ${named}`),
    );
    expect(missing).toEqual([]);
  });

  it('every file, folder, picture and section that a page links to', () => {
    const missing = pages.flatMap(({ name, folder, text }) =>
      [...text.matchAll(/\]\((?!https?:)([^)\s]*)\)/g)].flatMap(([, link = '']) => {
        const [path = '', anchor] = link.split('#');
        const target = path === '' ? join(ROOT, name) : join(folder, path);
        if (!existsSync(target)) return [`${name}: ${link}`];
        if (anchor === undefined || statSync(target).isDirectory()) return [];
        return anchorsOf(readFileSync(target, 'utf8')).includes(anchor) ? [] : [`${name}: ${link}`];
      }),
    );
    expect(missing).toEqual([]);
  });
});

describe('what is written from code', () => {
  it.each(Object.entries(WRITTEN_PAGES))('%s is up to date', (name, write) => {
    const text = readFileSync(fileIn(name), 'utf8');
    expect(text, 'out of date: run `npm run config:docs`').toBe(write(text));
  });

  it('the page of commands has every script of package.json and every command for operators', () => {
    const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
      scripts: Record<string, string>;
    };
    const described = Object.values(NPM_SCRIPTS).flatMap((some) => Object.keys(some));
    expect(described.toSorted()).toEqual(Object.keys(scripts).toSorted());
    const listed = [...page('docs/commands.md').matchAll(/^\| `([\w-]+)/gm)].map(([, name]) => name);
    expect(listed).toEqual(expect.arrayContaining(COMMANDS.map(({ name }) => name)));
  });
});

describe('docs/README.md', () => {
  it('leads to every page beside it', () => {
    const beside = readdirSync(join(ROOT, 'docs')).filter(
      (name) => name.endsWith('.md') && name !== 'README.md',
    );
    for (const name of beside) expect(page('docs/README.md'), name).toContain(`](${name})`);
  });
});

describe('docs/invariants.md', () => {
  const sections = page('docs/invariants.md').split(/^## /m).slice(1);

  it.each([...INVARIANTS, AGREEMENT].map(({ number, title }) => [number, title] as const))(
    '%s says what it holds and what to do when it is broken: %s',
    (number) => {
      const section = sections.find((text) => text.startsWith(`${number}. `));
      expect(section).toBeDefined();
      expect(section?.match(/^- .{20,}/gm)?.length ?? 0).toBeGreaterThan(0);
      expect(section).toMatch(/^\*\*Broken\*\*: .{30,}/m);
    },
  );

  it('has no section for one that there is not', () => {
    const numbers = sections.flatMap((text) => text.match(/^(\d+)\. /)?.[1] ?? []).map(Number);
    const known = [...INVARIANTS, AGREEMENT].map(({ number }) => number);
    expect(numbers).toEqual(known.toSorted((one, other) => one - other));
  });
});

describe('what providers answer', () => {
  // A kind more does not compile until it is here, and then fails until its page has it.
  const psp: Record<(PspFailure | PspNotFound)['kind'], 1> = {
    refused: 1,
    unauthorized: 1,
    unknown: 1,
    not_found: 1,
  };
  const stripe: Record<ClassifiedError['kind'], 1> = {
    refused: 1,
    insufficient_funds: 1,
    rate_limited: 1,
    unauthorized: 1,
    account_gone: 1,
    key_mismatch: 1,
    unknown: 1,
    no_such_transfer: 1,
    already_reversed: 1,
    amount_exceeds_left: 1,
  };

  it.each([
    ['docs/wire-hyperswitch.md', Object.keys(psp)],
    ['docs/wire-stripe.md', Object.keys(stripe)],
  ] as const)('%s says of every outcome what is done', (name, kinds) => {
    const rows = [...page(name).matchAll(/^\| [^|]+ \| `(\w+)` +\|/gm)].map(([, kind]) => kind);
    expect(rows).toEqual(expect.arrayContaining([...kinds]));
  });
});

describe('docs/webhooks.md', () => {
  it('says of every outcome what it means', () => {
    const outcomes = [...page('docs/webhooks.md').matchAll(/^\| `(\w+)` +\|/gm)].map(
      ([, outcome]) => outcome,
    );
    expect(outcomes).toEqual(expect.arrayContaining([...WEBHOOK_OUTCOMES]));
  });
});

describe('CONTRIBUTING.md', () => {
  it('shows a verb as it stands in its file', () => {
    const [head = '', ...shown] =
      page('CONTRIBUTING.md').split('```ts\n')[1]?.split('\n```')[0]?.split('\n') ?? [];
    const file = head.replace('// ', '');
    const lines = readFileSync(join(ROOT, file), 'utf8')
      .split('\n')
      .map((line) => line.trim());
    const first = lines.indexOf(shown[0]?.trim() ?? '');
    expect(first, file).toBeGreaterThan(0);
    expect(lines.slice(first, first + shown.length)).toEqual(shown.map((line) => line.trim()));
  });
});
