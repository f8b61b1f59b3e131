import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

// Test files share processes, so what a module keeps for its process outlives the file that put it there.

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const NOT_OURS = new Set(['node_modules', 'dist', 'migrations', 'assets']);

/** All that modules keep for a process, and why a file that finds it there is not misled. */
const KEPT: Readonly<Record<string, string>> = {
  'api/middleware/authenticate.ts: keySets': 'under the URL that they were read from',
  'api/middleware/authenticate.ts: ownKeys': 'under the ring of keys that they are the public halves of',
  'api/payouts/seller-statement-csv.ts: turns': 'each request gives its turn back',
  'db/kernel/readiness.ts: journal': 'read from a file that does not change',
  'observe/statements.ts: kept': 'under the text of the statement that it names',
  'stack/ports.ts: givenOut': 'ports that no other server of this process may take',
  'stack/servers.ts: setprivFound': 'what the machine has',
  'stack/shutdown.ts: closing': 'the process is ending',
  'stack/shutdown.ts: installed': 'handlers of signals, once a process',
  'test/harness/world.ts: contract': 'the same document for every world',
};

/** Each is a process of its own, and never a module of a test. */
const PROCESSES = /^(sandbox\/cli|scripts|bench)\//;

const UNCHANGING = /^new (RegExp|Date|Intl\.\w+|URL|TextEncoder|TextDecoder|AsyncLocalStorage)\b/;
const COLLECTION = /^(new (Map|Set|WeakMap|WeakSet)\b|\[|\{)/;

function* sourcesIn(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.name.startsWith('.') || NOT_OURS.has(entry.name)) continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* sourcesIn(path);
    // What a test file keeps ends with it.
    else if (entry.name.endsWith('.ts') && !/\.(test|d|config)\.ts$/.test(entry.name)) yield path;
  }
}

/** Names at the top of a module whose value can change after it was loaded. */
function stateOf(source: string): string[] {
  const changes = (name: string) =>
    new RegExp(
      String.raw`\b${name}(\.(set|add|delete|clear|push|pop|shift|unshift|splice|sort)\(|\[[^\]]+\] [-+*|&?/]*= )`,
    ).test(source);
  const found: string[] = [];
  for (const [, keyword, name = '', value = ''] of source.matchAll(
    /^(?:export )?(let|var|const) (\w+)(?:: [^=\n]*[^=\s])?(?: = (.*))?/gm,
  )) {
    const isState =
      keyword !== 'const' ||
      (COLLECTION.test(value) ? changes(name) : value.startsWith('new ') && !UNCHANGING.test(value));
    if (isState) found.push(name);
  }
  return found;
}

it('finds what a module keeps', () => {
  const source = [
    'let last: string | undefined;',
    'const seen = new Map<string, number>();',
    'const WORDS = new Set(["a"]);',
    'export const turns = new Turns(4);',
    'const found: string[] = [];',
    'function put() {',
    '  let own = 1;',
    '  seen.set("a", own);',
    '  found.push("a");',
    '}',
  ].join('\n');
  expect(stateOf(source)).toEqual(['last', 'seen', 'turns', 'found']);
});

it('every module whose state a later test file would find is listed, with why that misleads nobody', () => {
  const kept = [...sourcesIn(ROOT)]
    .map((path) => ({ file: relative(ROOT, path), source: readFileSync(path, 'utf8') }))
    .filter(({ file }) => !PROCESSES.test(file))
    .flatMap(({ file, source }) => stateOf(source).map((name) => `${file}: ${name}`));
  expect(kept.toSorted()).toEqual(Object.keys(KEPT).toSorted());
});

it('no test changes the environment of its process', () => {
  const changes = /process\.env(\.\w+|\[[^\]]+\]) [-+*|&?/]*= |delete process\.env|process\.chdir\(/;
  const tests = readdirSync(join(ROOT, 'test'), { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.ts'),
  );
  const changing = tests.filter((name) => changes.test(readFileSync(join(ROOT, 'test', name), 'utf8')));
  expect(changing).toEqual([]);
});
