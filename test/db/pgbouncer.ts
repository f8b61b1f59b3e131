import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort, returnPort } from '../../stack/ports.ts';

export interface PgBouncer {
  /** Of the same database, through it. */
  readonly url: string;
  stop(): Promise<void>;
}

const PATHS = [
  '/usr/sbin/pgbouncer',
  '/usr/local/sbin/pgbouncer',
  '/usr/bin/pgbouncer',
  '/usr/local/bin/pgbouncer',
];

const INSTALL = fileURLToPath(new URL('../../scripts/install-pgbouncer.sh', import.meta.url));

const findPgBouncer = (): string | undefined => PATHS.find((path) => existsSync(path));

function installPgBouncer(): string {
  execFileSync(INSTALL, { stdio: 'inherit' });
  const installed = findPgBouncer();
  if (installed === undefined) throw new Error(`${INSTALL} has installed no pgbouncer`);
  return installed;
}

/** In transaction mode, with fewer connections to PostgreSQL than come to it. */
export async function startPgBouncer(
  databaseUrl: string,
  {
    drops = [],
  }: {
    /** Settings of a session that it takes, and does not pass on. */ readonly drops?: readonly string[];
  } = {},
): Promise<PgBouncer> {
  const command = findPgBouncer() ?? installPgBouncer();
  const url = new URL(databaseUrl);
  const folder = await mkdtemp(join(tmpdir(), 'veza-pgbouncer-'));
  // It refuses to run as root, and whoever it becomes has to read these.
  await chmod(folder, 0o755);
  const users = join(folder, 'users.txt');
  const settings = join(folder, 'pgbouncer.ini');
  const port = await freePort();
  await writeFile(users, `"${url.username}" "${decodeURIComponent(url.password)}"\n`);
  await writeFile(
    settings,
    [
      '[databases]',
      `* = host=${url.hostname} port=${url.port}`,
      '[pgbouncer]',
      'listen_addr = 127.0.0.1',
      `listen_port = ${port}`,
      'unix_socket_dir =',
      'auth_type = scram-sha-256',
      `auth_file = ${users}`,
      'pool_mode = transaction',
      'default_pool_size = 3',
      ...(drops.length > 0 ? [`ignore_startup_parameters = ${drops.join(',')}`] : []),
    ].join('\n'),
  );
  const asNobody = process.getuid?.() === 0 ? ['-u', 'nobody'] : [];
  const child = spawn(command, [...asNobody, settings], { stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = once(child, 'exit');
  let said = '';
  while (!said.includes('process up')) {
    const [chunk] = (await Promise.race([once(child.stderr, 'data'), ended])) as unknown[];
    if (!(chunk instanceof Buffer)) throw new Error(`pgbouncer ended: ${said}`);
    said += chunk.toString();
  }
  child.stderr.resume();
  url.host = `127.0.0.1:${port}`;
  return {
    url: url.href,
    stop: async () => {
      child.kill('SIGTERM');
      await ended;
      returnPort(port);
      await rm(folder, { recursive: true });
    },
  };
}
