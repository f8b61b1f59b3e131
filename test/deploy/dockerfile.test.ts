import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const read = (name: string) => readFileSync(`${ROOT}${name}`, 'utf8');

/** Instructions with their continued lines joined, comments left out. */
const instructions = read('Dockerfile')
  .replaceAll(/^#.*\n/gm, '')
  .replaceAll('\\\n', ' ')
  .split('\n')
  .filter((line) => line.trim() !== '')
  .reduce<string[]>(
    (all, line) =>
      /^\s/.test(line) ? [...all.slice(0, -1), `${all.at(-1)} ${line.trim()}`] : [...all, line],
    [],
  );
const finalStage = instructions.slice(instructions.findLastIndex((line) => line.startsWith('FROM ')));
const ignored = read('.dockerignore')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'));

test('it runs as a user without rights, who is told by number', () => {
  expect(finalStage.findLast((line) => line.startsWith('USER '))).toMatch(/^USER [1-9]\d*(:[1-9]\d*)?$/);
});

test('it says whether it is alive', () => {
  expect(finalStage.find((line) => line.startsWith('HEALTHCHECK'))).toContain('/health');
});

test('the image holds what runs, and no sources', () => {
  const copied = finalStage.filter((line) => line.startsWith('COPY'));
  expect(copied.map((line) => line.split(' ').at(-1))).toEqual(['./', './node_modules', './dist']);
  // Of the context itself only the package's description.
  expect(copied.filter((line) => !line.includes('--from='))).toEqual(['COPY package.json ./']);
});

test('what it runs, and what it runs with, are there', () => {
  expect(finalStage.find((line) => line.startsWith('CMD'))).toContain('dist/server.js');
  expect(existsSync(`${ROOT}server.ts`)).toBe(true);
});

test('the context hides secrets and state, and nothing that the build needs', () => {
  expect(ignored).toEqual(expect.arrayContaining(['node_modules', '.git', '.env*', '.veza', 'test']));
  const { include } = JSON.parse(read('tsconfig.build.json')) as { include: string[] };
  const needed = [
    ...include,
    'scripts',
    'package.json',
    'package-lock.json',
    'tsconfig.json',
    'tsconfig.build.json',
  ];
  expect(needed.filter((name) => ignored.includes(name))).toEqual([]);
});
