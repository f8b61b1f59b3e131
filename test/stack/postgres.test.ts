import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import postgres from 'postgres';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { identityOf, isAlive } from '../../stack/identity.ts';
import { startPostgres, type EmbeddedPostgres } from '../../stack/postgres.ts';
import { makeScratch, type Scratch } from '../../stack/scratch.ts';

// Several real servers a test, on two cores that other suites use too.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

let scratch: Scratch;
let dataDir: string;
let running: EmbeddedPostgres | undefined;

beforeEach(async () => {
  scratch = await makeScratch();
  dataDir = join(scratch.dir, 'postgres');
});
afterEach(async () => {
  await running?.stop();
  running = undefined;
  scratch.remove();
});

const start = async (): Promise<EmbeddedPostgres> =>
  (running = await startPostgres({ dataDir, durability: 'off' }));

async function ask<T extends object>(url: string, query: string): Promise<T[]> {
  const sql = postgres(url, { max: 1 });
  try {
    return await sql.unsafe<T[]>(query);
  } finally {
    await sql.end();
  }
}

test('what was written is there after a restart, and the URL keeps its password', async () => {
  const first = await start();
  const url = await first.createDatabase('kept');
  await ask(url, 'create table t (n int); insert into t values (7)');
  await first.stop();

  const second = await startPostgres({ dataDir, durability: 'off', port: first.port });
  running = second;
  expect(second.databaseUrl('kept')).toBe(url);
  expect(await ask(url, 'select n from t')).toEqual([{ n: 7 }]);
});

test('it listens on loopback only, with fsync unless told otherwise', async () => {
  running = await startPostgres({ dataDir });
  const show = async (name: string) =>
    (await ask<Record<string, string>>(running?.url ?? '', `show ${name}`))[0]?.[name];
  expect(await show('listen_addresses')).toBe('127.0.0.1');
  expect(await show('unix_socket_directories')).toBe('');
  expect(await show('fsync')).toBe('on');
  expect(await show('max_connections')).toBe('200');
  await expect(ask(running.url.replace(/:[^:@]+@/, ':wrong@'), 'select 1')).rejects.toThrow(/password/);
});

test('after its postmaster was killed it starts again, with backends of the old one still about', async () => {
  // Only with durability: without it a killed server loses what it has just acknowledged.
  const first = await startPostgres({ dataDir });
  const url = await first.createDatabase('kept');
  await ask(url, 'create table t (n int); insert into t values (7)');
  const busy = ask(url, 'select pg_sleep(30)').catch(() => 'cut off');
  process.kill(first.pid, 'SIGKILL');
  await first.stop(); // ended already: this only gives up what we hold of it

  const second = await startPostgres({ dataDir });
  running = second;
  expect(await ask(second.databaseUrl('kept'), 'select n from t')).toEqual([{ n: 7 }]);
  expect(await busy).toBe('cut off');
});

test('a server ends with its starter, even when that is killed', async () => {
  const child = spawn(process.execPath, ['--import', 'tsx', '-e', STARTER(dataDir)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
  const left = identityOf(Number(line));
  child.kill('SIGKILL');
  await once(child, 'exit');

  const next = await start();
  expect(next.pid).not.toBe(left?.pid);
  expect(left && isAlive(left)).toBe(false);
});

/** What a killed starter leaves where the system has no signal for the death of a parent. */
test.each(['with its lock', 'without its lock'])(
  'a server that was left behind %s is stopped first',
  async (which) => {
    const left = await start();
    const server = identityOf(left.pid);
    if (which === 'with its lock') {
      writeFileSync(
        `${dataDir}.lock`,
        JSON.stringify({ owner: { pid: 999_999_999, startedAt: '1' }, server }),
      );
    } else {
      rmSync(`${dataDir}.lock`);
    }
    const next = await start();
    expect(server && isAlive(server)).toBe(false);
    expect(await ask(next.url, 'select 1 as one')).toEqual([{ one: 1 }]);
  },
);

test('a live stack is not disturbed by a second start on its folder', async () => {
  const first = await start();
  await expect(startPostgres({ dataDir })).rejects.toThrow(/held by process \d+, which is still running/);
  expect(await ask(first.url, 'select 1 as one')).toEqual([{ one: 1 }]);
});

test('a pid file whose number now belongs to another program does not block the start', async () => {
  await (await start()).stop();
  const lines = [process.pid, dataDir, 0, 1, '', '127.0.0.1', '0 0', 'ready'];
  writeFileSync(join(dataDir, 'postmaster.pid'), `${lines.join('\n')}\n`);
  const again = await start();
  expect(await ask(again.url, 'select 1 as one')).toEqual([{ one: 1 }]);
});

test('a start that fails shows the end of the log and leaves nothing behind', async () => {
  await (await start()).stop();
  writeFileSync(join(dataDir, 'postgresql.conf'), 'no_such_setting = 1\n');
  await expect(startPostgres({ dataDir })).rejects.toThrow(
    /PostgreSQL did not start: ended with code 1\nEnd of .*postgres\.log:[^]*no_such_setting/,
  );
  running = undefined;
  expect(existsSync(`${dataDir}.lock`)).toBe(false);
  expect(readFileSync(`${dataDir}.log`, 'utf8')).toContain('no_such_setting');
});

const STARTER = (dir: string) => `
  import('${new URL('../../stack/postgres.ts', import.meta.url).href}').then(async ({ startPostgres }) => {
    const { pid } = await startPostgres({ dataDir: ${JSON.stringify(dir)}, durability: 'off' });
    console.log(pid);
    setInterval(() => {}, 1000);
  });`;
