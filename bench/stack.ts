import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startPostgres } from '../stack/postgres.ts';
import { makeScratch } from '../stack/scratch.ts';
import { startTemporal } from '../stack/temporal.ts';
import type { BenchOptions } from './bench.ts';
import { startEngineOnPostgresql } from './engine-on-postgresql.ts';

export const SECRETS = {
  JWT_SECRET: 'only-for-the-bench-on-this-machine-and-nowhere-else',
  TRIAL_HASH_KEY: 'only-for-trials-of-the-bench-on-this-machine',
  PERSONAL_DATA_KEYS: 'bench:cGVyc29ucy1vZi10aGUtYmVuY2gtb24tdGhpcy1vbmU=',
  HYPERSWITCH_API_KEY: 'snd_bench',
  HYPERSWITCH_WEBHOOK_SECRET: 'bench-hyperswitch-webhook-secret',
  STRIPE_SECRET_KEY: 'sk_test_bench',
  STRIPE_WEBHOOK_SECRET: 'whsec_bench',
};
const project = fileURLToPath(new URL('../', import.meta.url));

/** A file of the compiled code. */
export const compiled = (file: string) => join(project, 'dist', file);

/** What has to be closed, in the order in which it was opened. */
export type Closers = (() => unknown)[];

/** Compiles the code, measures, and closes what was opened, last first. */
export async function onCompiledCode<T>(measure: (closers: Closers) => Promise<T>): Promise<T> {
  execFileSync('npm', ['run', 'build'], { cwd: project, stdio: ['ignore', 'ignore', 'inherit'] });
  const closers: Closers = [];
  try {
    return await measure(closers);
  } finally {
    for (const close of closers.toReversed()) await close();
  }
}

/** PostgreSQL and Temporal in a folder that goes with them. */
export async function startParts(
  closers: Closers,
  { engine = 'sqlite', say = () => undefined }: Partial<Pick<BenchOptions, 'engine' | 'say'>> = {},
) {
  const scratch = await makeScratch();
  closers.push(() => scratch.remove());
  const postgres = await startPostgres({ dataDir: join(scratch.dir, 'postgres') });
  closers.push(() => postgres.stop());
  const temporal =
    engine === 'postgresql'
      ? await startEngineOnPostgresql(scratch.dir, postgres, say)
      : await startTemporal({
          dbFile: join(scratch.dir, 'temporal.db'),
          logFile: join(scratch.dir, 'temporal.log'),
          uiPort: false,
        });
  closers.push(() => temporal.stop());
  return { dir: scratch.dir, postgres, temporal };
}

export type Parts = Awaited<ReturnType<typeof startParts>>;

/** How a client of the bench's own reaches the engine. */
export const temporalOf = ({ address, namespace }: Parts['temporal']) => ({
  TEMPORAL_ADDRESS: address,
  TEMPORAL_NAMESPACE: namespace,
  PAYLOAD_ENCRYPTION_KEYS: [],
  PAYLOAD_ENCRYPTION_KEY_ID: undefined,
});

/** What each process of Veza is started with: secrets of the bench, the engine and a database. */
export const environmentOf = ({ address, namespace }: Parts['temporal'], databaseUrl: string) => ({
  PATH: process.env['PATH'] ?? '',
  ...SECRETS,
  TEMPORAL_ADDRESS: address,
  TEMPORAL_NAMESPACE: namespace,
  DATABASE_URL: databaseUrl,
});

const SHOWN_CHARS = 300;

/** What a process prints, without its bundler's tables and without long stacks. */
export const warnings = (say: (line: string) => void) => (line: string) => {
  if (/"level":"(warn|error|fatal)|\b(Warning|Error|ERROR|WARN)\b/.test(line))
    say(line.slice(0, SHOWN_CHARS));
};
