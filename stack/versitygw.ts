import { existsSync, mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { freePort, returnPort } from './ports.ts';
import { consoleProgress, type Progress } from './progress.ts';
import { startServer } from './servers.ts';
import { cacheFolder, withTurn } from './temporal-binary.ts';
import { buildWithGo } from './temporal-build.ts';

const VERSITYGW_VERSION = '1.8.0';
const START_TIMEOUT_MS = 60_000;
const PROBE_TIMEOUT_MS = 2_000;
const STOP_STEPS = [
  { signal: 'SIGTERM', waitMs: 10_000 },
  { signal: 'SIGKILL', waitMs: 5_000 },
] as const;

const ACCESS_KEY_ID = 'embedded';
const SECRET_ACCESS_KEY = 'secret-of-the-embedded-s3';
const BUCKET = 'veza-files';

export interface EmbeddedS3 {
  /** http://127.0.0.1:port */
  readonly endpoint: string;
  readonly port: number;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** It is there, and empty in a new folder. */
  readonly bucket: string;
  stop(): Promise<void>;
}

/** An S3 that keeps its files in a folder. Built with Go at the first time, which takes some minutes. */
export async function startVersitygw(options: {
  readonly dir: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly progress?: Progress;
}): Promise<EmbeddedS3> {
  const { env = process.env, progress = consoleProgress() } = options;
  const binary = await findVersitygw(env, progress);
  const dir = resolve(options.dir);
  mkdirSync(join(dir, 'buckets', BUCKET), { recursive: true });
  mkdirSync(join(dir, 'metadata'), { recursive: true });
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  try {
    const server = await startServer({
      name: "versitygw, the tests' S3",
      command: binary,
      args: [
        ...[`--port=127.0.0.1:${port}`, '--health=/health', '--quiet'],
        // Metadata in files of its own: not every file system has extended attributes.
        ...['posix', `--sidecar=${join(dir, 'metadata')}`, join(dir, 'buckets')],
      ],
      // Nothing else: it reads many variables, and other programs' are among them.
      env: {
        PATH: env['PATH'],
        ROOT_ACCESS_KEY_ID: ACCESS_KEY_ID,
        ROOT_SECRET_ACCESS_KEY: SECRET_ACCESS_KEY,
      },
      logFile: join(dir, 'versitygw.log'),
      stopSteps: STOP_STEPS,
      startTimeoutMs: START_TIMEOUT_MS,
      isReady: () => isReady(endpoint),
    });
    const stop = async () => {
      await server.stop();
      returnPort(port);
    };
    const keys = { accessKeyId: ACCESS_KEY_ID, secretAccessKey: SECRET_ACCESS_KEY };
    return { endpoint, port, ...keys, bucket: BUCKET, stop };
  } catch (error) {
    returnPort(port);
    throw error;
  }
}

/** The path of its binary, which is built and kept in the user's cache where there is none. */
export async function findVersitygw(env: NodeJS.ProcessEnv, progress: Progress): Promise<string> {
  const target = join(cacheFolder(env), `versitygw-${VERSITYGW_VERSION}`);
  const module = `github.com/versity/versitygw/cmd/versitygw@v${VERSITYGW_VERSION}`;
  await withTurn(`${target}.lock`, progress, async () => {
    if (existsSync(target)) return;
    await buildWithGo(
      { module, name: "versitygw, the tests' S3,", takes: 'one to five minutes' },
      { target, env, progress },
    );
  });
  return target;
}

async function isReady(endpoint: string): Promise<boolean> {
  try {
    const answer = await fetch(`${endpoint}/health`, { signal: AbortSignal.timeout(PROBE_TIMEOUT_MS) });
    return answer.ok;
  } catch {
    return false;
  }
}
