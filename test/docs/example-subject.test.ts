import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

// The example in docs/example-subject.md is put into a copy of this repository, as its reader would put it in.

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** What the types of the example need, with what the walls read. */
const KINDS = [
  'activities',
  'api',
  'config',
  'db',
  'domain',
  'engine',
  'inbox',
  'observe',
  'operations',
  'providers',
];
const COPIED = [...KINDS, 'workflows', 'scripts/walls', 'scripts/walls.ts', 'tsconfig.json', 'package.json'];
const ROOTS = ['config.ts', 'log.ts', 'request-bodies.ts', 'trusted-proxies.ts', 'version.ts'];
const LINTERS = ['.oxlintrc.json', '.oxlintrc.walls.json', '.oxfmtrc.json'];

interface Block {
  readonly language: string;
  readonly path: string;
  readonly text: string;
}

const page = await readFile(join(ROOT, 'docs/example-subject.md'), 'utf8');
const blocks: Block[] = [...page.matchAll(/^```(ts|diff)\n\/\/ (\S+)\n(.*?)^```$/gms)].map(
  ([, language = '', path = '', text = '']) => ({ language, path, text }),
);
const files = blocks.filter(({ language }) => language === 'ts');
const registers = blocks.filter(({ language }) => language === 'diff');
let copy: string;

/** Lines with a `+` come after the line before them, which stands in the register once. */
function withLines(register: string, { path, text }: Block): string {
  const lines = register.split('\n');
  let at = -1;
  for (const line of text.trimEnd().split('\n')) {
    if (line.startsWith('+')) {
      lines.splice((at += 1), 0, line.slice(1));
      continue;
    }
    const found = lines.flatMap((one, index) => (one === line ? [index] : []));
    expect(found, `${path} has the line ${line}`).toHaveLength(1);
    at = found[0]!;
  }
  return lines.join('\n');
}

beforeAll(async () => {
  copy = await mkdtemp(join(tmpdir(), 'veza-example-'));
  for (const name of [...COPIED, ...ROOTS, ...LINTERS])
    await cp(join(ROOT, name), join(copy, name), { recursive: true });
  await symlink(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
  for (const { path, text } of files) {
    await mkdir(dirname(join(copy, path)), { recursive: true });
    await writeFile(join(copy, path), text);
  }
  for (const block of registers) {
    const path = join(copy, block.path);
    await writeFile(path, withLines(await readFile(path, 'utf8'), block));
  }
});
afterAll(() => rm(copy, { recursive: true }));

/** What a tool of the copy says where it finds fault; nothing where it is content. */
async function saidBy(tool: string, ...args: string[]): Promise<string> {
  const bin = join(ROOT, 'node_modules/.bin', tool);
  return run(bin, args, { cwd: copy }).then(
    () => '',
    ({ stdout }: { readonly stdout: string }) => stdout,
  );
}

const linted = () => saidBy('oxlint', '--deny-warnings', ...files.map(({ path }) => path));

describe('docs/example-subject.md', () => {
  it('has its own folders, and a line in registers: with its import two, and no other line changes', () => {
    expect(files.every(({ path }) => path.includes('giftcard'))).toBe(true);
    const added = registers.map(({ path, text }) => [path, text.match(/^\+/gm)?.length] as const);
    expect(new Map(added)).toEqual(
      new Map([
        ['scripts/walls/table.ts', 1],
        ['domain/errors.ts', 2],
        ['db/schema.ts', 1],
        ['db/schema/personal.ts', 2],
        ['activities/index.ts', 2],
        ['workflows/index.ts', 1],
        ['engine/port/index.ts', 2],
        ['engine/index.ts', 2],
        ['api/routes.ts', 2],
        ['operations/index.ts', 2],
      ]),
    );
  });

  it('compiles where it says that it goes', { timeout: 180_000 }, async () => {
    expect(await saidBy('tsc', '--noEmit')).toBe('');
  });

  it('keeps to the walls, and one that it breaks is seen', { timeout: 120_000 }, async () => {
    await saidBy('tsx', 'scripts/walls.ts');
    expect(await linted()).toBe('');
    const path = join(copy, 'domain/giftcards/index.ts');
    const text = await readFile(path, 'utf8');
    await writeFile(path, `import type { Db } from '../../db/client.ts';\n${text}export type Own = Db;\n`);
    expect(await linted()).toContain('The domain imports nothing');
  });
});
