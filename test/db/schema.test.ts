import { execFile } from 'node:child_process';
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, describe, expect, test } from 'vitest';
import { openWithSql } from '../../sandbox/database.ts';
import { migrateDatabase } from '../../db/migrate.ts';
import { readSnapshot } from '../../db/snapshot.ts';
import { createEmptyDatabase, type TestDatabase } from '../harness/services.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);

const made: TestDatabase[] = [];
afterAll(async () => {
  for (const database of made) await database.drop();
});

async function emptyDatabase(): Promise<TestDatabase> {
  const database = await createEmptyDatabase();
  made.push(database);
  return database;
}

async function snapshotOf(url: string): Promise<string> {
  const database = openWithSql(url, { maxConnections: 1 });
  try {
    return await readSnapshot(database.db);
  } finally {
    await database.close();
  }
}

const journal = async () =>
  (
    JSON.parse(await readFile(join(ROOT, 'db/migrations/meta/_journal.json'), 'utf8')) as {
      entries: { tag: string; when: number }[];
    }
  ).entries;

describe('migrations', () => {
  test('make the schema of db/schema.snapshot.sql (update it with `npm run db:snapshot`)', async () => {
    const { url } = await emptyDatabase();
    await migrateDatabase(url);
    await expect(await snapshotOf(url)).toMatchFileSnapshot(join(ROOT, 'db/schema.snapshot.sql'));
  });

  test('are repeatable: the second time applies nothing and changes nothing', async () => {
    const { url } = await emptyDatabase();
    expect(await migrateDatabase(url)).toEqual((await journal()).map(({ tag }) => tag));
    const first = await snapshotOf(url);
    expect(await migrateDatabase(url)).toEqual([]);
    expect(await snapshotOf(url)).toBe(first);
  });

  test('are safe when several processes bring the same database up at once', async () => {
    const { url } = await emptyDatabase();
    const applied = await Promise.all(Array.from({ length: 4 }, () => migrateDatabase(url)));
    expect(applied.filter((tags) => tags.length > 0)).toHaveLength(1);
  });

  test('are named after what they do, numbered without a gap', async () => {
    const entries = await journal();
    for (const [index, { tag }] of entries.entries()) {
      expect(tag).toMatch(new RegExp(`^${String(index).padStart(4, '0')}_[a-z][a-z0-9_]+$`));
    }
    // drizzle applies what is younger than the last that it applied: an older one behind it would be passed over.
    const times = entries.map(({ when }) => when);
    expect(times).toEqual([...new Set(times)].toSorted((a, b) => a - b));
    const files = (await readdir(join(ROOT, 'db/migrations'))).filter((name) => name.endsWith('.sql'));
    expect(files.toSorted()).toEqual(entries.map(({ tag }) => `${tag}.sql`));
  });
});

describe('the schema of drizzle and the migrations agree', () => {
  test('drizzle-kit finds nothing to generate', async () => {
    expect(await generatedFrom({})).toEqual([]);
  });

  test('and would find a column that no migration has', async () => {
    const column = { from: 'createdAt: createdAt(),', to: 'createdAt: createdAt(),\n    forgotten: text(),' };
    expect(await generatedFrom({ column })).toHaveLength(1);
  });
});

/** What drizzle-kit writes beside a copy of the migrations, from a copy of the schema. */
async function generatedFrom({ column }: { column?: { from: string; to: string } }): Promise<string[]> {
  // Beside the modules that the schema imports.
  const dir = await mkdtemp(join(ROOT, 'node_modules', '.veza-drizzle-'));
  try {
    for (const folder of ['db', 'domain']) {
      await cp(join(ROOT, folder), join(dir, folder), { recursive: true });
    }
    if (column) {
      const file = join(dir, 'db/catalog/schema.ts');
      const source = await readFile(file, 'utf8');
      await writeFile(file, source.replace(column.from, column.to));
    }
    await writeFile(
      join(dir, 'drizzle.config.ts'),
      (await readFile(join(ROOT, 'drizzle.config.ts'), 'utf8')).replace(
        /import .*\n/,
        'const defineConfig = <Config>(config: Config) => config;\n',
      ),
    );
    const before = new Set(await readdir(join(dir, 'db/migrations')));
    const drizzleKit = join(dirname(createRequire(import.meta.url).resolve('drizzle-kit')), 'bin.cjs');
    await run(process.execPath, [drizzleKit, 'generate', '--config', 'drizzle.config.ts'], {
      cwd: dir,
      timeout: 60_000,
    });
    return (await readdir(join(dir, 'db/migrations'))).filter((name) => !before.has(name));
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}
