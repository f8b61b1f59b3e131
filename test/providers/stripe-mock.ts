import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { access, constants, mkdir } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);
const PACKAGE = 'github.com/stripe/stripe-mock@latest';
const CACHE_FOLDER = join(homedir(), '.cache', 'veza');
/** A cold download and build; eight seconds where Go's own caches are warm. */
const BUILD_TIMEOUT_MS = 240_000;
const START_TIMEOUT_MS = 20_000;

export interface StripeMock {
  url: string;
  stop(): Promise<void>;
}

/**
 * Stripe's own mock server on a free port: STRIPE_MOCK_PATH, the PATH, Go's bin folder, our cache, or built once into it.
 * Throws, naming what is missing, where there is none: a contract that was not checked must not look like one that was.
 */
export async function startStripeMock(): Promise<StripeMock> {
  const binary = await findBinary();
  const [port, httpsPort] = [await freePort(), await freePort()];
  const child = spawn(binary, ['-http-addr', `127.0.0.1:${port}`, '-https-addr', `127.0.0.1:${httpsPort}`], {
    stdio: 'ignore',
  });
  const url = `http://127.0.0.1:${port}`;
  await untilAnswering(child, url, binary);
  return { url, stop: () => stop(child) };
}

async function findBinary(): Promise<string> {
  const given = process.env['STRIPE_MOCK_PATH'];
  if (given) {
    if (await isExecutable(given)) return given;
    throw new Error(`STRIPE_MOCK_PATH=${given} is not an executable file`);
  }
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), ...(await goFolders()), CACHE_FOLDER];
  for (const folder of folders) {
    const candidate = join(folder, 'stripe-mock');
    if (folder && (await isExecutable(candidate))) return candidate;
  }
  return build();
}

async function build(): Promise<string> {
  await mkdir(CACHE_FOLDER, { recursive: true });
  try {
    await run('go', ['install', PACKAGE], {
      env: { ...process.env, GOBIN: CACHE_FOLDER },
      timeout: BUILD_TIMEOUT_MS,
    });
  } catch (error) {
    const goIsMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new Error(
      goIsMissing
        ? "Stripe's mock server is missing, and no Go toolchain is on the PATH to build it: install Go " +
            `(https://go.dev/dl), or set STRIPE_MOCK_PATH to a stripe-mock binary (go install ${PACKAGE})`
        : `Stripe's mock server is missing, and "go install ${PACKAGE}" failed; set STRIPE_MOCK_PATH to a binary`,
      { cause: error },
    );
  }
  return join(CACHE_FOLDER, 'stripe-mock');
}

async function goFolders(): Promise<string[]> {
  try {
    const { stdout } = await run('go', ['env', 'GOBIN', 'GOPATH']);
    const [gobin = '', gopath = ''] = stdout.split('\n');
    return [gobin, ...gopath.split(delimiter).map((folder) => folder && join(folder, 'bin'))];
  } catch {
    return [];
  }
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function untilAnswering(child: ChildProcess, url: string, binary: string): Promise<void> {
  let failure: Error | undefined;
  child.once('error', (error) => (failure = error));
  const deadlineMs = Date.now() + START_TIMEOUT_MS;
  while (Date.now() < deadlineMs) {
    if (failure || child.exitCode !== null) break;
    // Any answer will do: it says 401 to a caller without a key.
    if (
      await fetch(url).then(
        () => true,
        () => false,
      )
    )
      return;
    await sleep(50);
  }
  await stop(child);
  throw new Error(`${binary} did not start`, { cause: failure });
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.pid === undefined) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill();
  await ended;
}
