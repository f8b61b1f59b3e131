import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const ROOT = new URL('../../', import.meta.url);

it('each file that the run starts first is there, and they are in the order of their times', () => {
  const recorded = JSON.parse(readFileSync(new URL('test/harness/slowest.json', ROOT), 'utf8')) as Readonly<
    Record<string, number>
  >;
  const files = Object.keys(recorded);
  expect(files.filter((file) => !existsSync(fileURLToPath(new URL(file, ROOT))))).toEqual([]);
  expect(Object.values(recorded)).toEqual(Object.values(recorded).toSorted((a, b) => b - a));
});
