import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { LockHeld, takeLock, type Lock } from './lock.ts';
import { silent, type Progress } from './progress.ts';
import { buildTemporal } from './temporal-build.ts';
import { firstThatRuns, isExecutable } from './temporal-check.ts';
import { downloadTemporal, TEMPORAL_DOWNLOAD_URL } from './temporal-download.ts';

/** Later versions of the CLI refuse `go install`. */
export const TEMPORAL_CLI_VERSION = '1.5.1';

export interface TemporalBinaryOptions {
  env?: NodeJS.ProcessEnv;
  progress?: Progress;
  downloadUrl?: string;
}

interface Source {
  name: string;
  find(): Promise<string>;
}

/** The path of Temporal's CLI, which holds the dev server. Throws one error that lists all that was tried. */
export async function findTemporalBinary(options: TemporalBinaryOptions = {}): Promise<string> {
  const { env = process.env, progress = silent, downloadUrl = TEMPORAL_DOWNLOAD_URL } = options;
  const version = TEMPORAL_CLI_VERSION;
  const cached = join(cacheFolder(env), `temporal-${version}`);
  const failures: string[] = [];

  const atHand = await firstOf(
    [
      { name: 'TEMPORAL_CLI_PATH', find: () => fromEnvironment(env) },
      { name: 'temporal on the PATH', find: () => fromPath(env) },
      { name: 'the cache of an earlier run', find: () => firstThatRuns(cachedPlaces(env, cached)) },
    ],
    failures,
  );
  // Going on in silence would hide a typing error behind a build of minutes.
  if (env['TEMPORAL_CLI_PATH'] && failures[0]) progress.say(`${failures[0]}; looking elsewhere`);
  if (atHand) return atHand;

  const fetched = await withTurn(`${cached}.lock`, progress, () =>
    firstOf(
      [
        { name: 'what another process has fetched meanwhile', find: () => firstThatRuns([cached]) },
        {
          name: "the SDK's download",
          find: () => downloadTemporal({ url: downloadUrl, version, target: cached, progress }),
        },
        {
          name: 'building it with Go',
          find: () => buildTemporal({ version, target: cached, env, progress }),
        },
      ],
      failures,
    ),
  );
  if (fetched) return fetched;
  throw new Error(
    [
      "Temporal's CLI, which holds its dev server, is not to be had. Tried, in this order:",
      ...failures.map((failure) => `  - ${failure.replaceAll('\n', '\n    ')}`),
      'Put `temporal` on the PATH (https://docs.temporal.io/cli), or set TEMPORAL_CLI_PATH to its binary, or TEMPORAL_ADDRESS to a server that runs.',
    ].join('\n'),
  );
}

export function cacheFolder(env: NodeJS.ProcessEnv): string {
  return join(env['XDG_CACHE_HOME'] || join(home(env), '.cache'), 'veza');
}

async function firstOf(sources: Source[], failures: string[]): Promise<string | undefined> {
  for (const { name, find } of sources) {
    try {
      return await find();
    } catch (error) {
      failures.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return undefined;
}

async function fromEnvironment(env: NodeJS.ProcessEnv): Promise<string> {
  const path = env['TEMPORAL_CLI_PATH'];
  if (!path) throw new Error('not set');
  return firstThatRuns([path]);
}

async function fromPath(env: NodeJS.ProcessEnv): Promise<string> {
  const folders = (env['PATH'] ?? '').split(delimiter).filter(Boolean);
  const found = folders.map((folder) => join(folder, 'temporal')).filter(isExecutable);
  if (found.length === 0) throw new Error(`not in any of its ${folders.length} folders`);
  return firstThatRuns(found);
}

/** Our own cache, and the places where a `go install` by hand leaves it. */
function cachedPlaces(env: NodeJS.ProcessEnv, cached: string): string[] {
  const goFolders = [
    env['GOBIN'],
    ...(env['GOPATH'] ?? '').split(delimiter).map((folder) => folder && join(folder, 'bin')),
    join(home(env), 'go', 'bin'),
  ];
  return [cached, ...goFolders.flatMap((folder) => (folder ? [join(folder, 'temporal')] : []))];
}

function home(env: NodeJS.ProcessEnv): string {
  return env['HOME'] || homedir();
}

/** One process fetches, the others wait for its result. */
export async function withTurn<T>(file: string, progress: Progress, use: () => Promise<T>): Promise<T> {
  const startedMs = Date.now();
  let lock: Lock | undefined;
  while (!lock) {
    try {
      lock = takeLock(file);
    } catch (error) {
      if (!(error instanceof LockHeld)) throw error;
      const seconds = Math.round((Date.now() - startedMs) / 1000);
      progress.tick(
        `Process ${error.ownerPid} is fetching Temporal's dev server: waiting for it, ${seconds} s`,
      );
      await sleep(500);
    }
  }
  try {
    return await use();
  } finally {
    lock.release();
  }
}
