import { execFile } from 'node:child_process';
import { createWriteStream, chmodSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';
import { promisify } from 'node:util';
import type { Progress } from './progress.ts';
import { firstThatRuns } from './temporal-check.ts';

/** The service that the SDK's own ephemeral server asks (sdk-core, ephemeral_server/mod.rs). */
export const TEMPORAL_DOWNLOAD_URL = 'https://temporal.download/cli';

/** Without internet the first start waits this long. */
const ASK_TIMEOUT_MS = 6_000;
const DOWNLOAD_TIMEOUT_MS = 10 * 60_000;

export async function downloadTemporal(options: {
  url: string;
  version: string;
  target: string;
  progress: Progress;
}): Promise<string> {
  const { url, version, target, progress } = options;
  const query = new URLSearchParams({
    arch: process.arch === 'x64' ? 'amd64' : process.arch,
    platform: process.platform,
    format: 'tar.gz',
  });
  progress.say(`Temporal's dev server is not here yet: asking ${url} for version ${version}`);
  const answer = await get(`${url}/v${version}?${query.toString()}`, ASK_TIMEOUT_MS);
  const { archiveUrl, fileToExtract } = (await answer.json()) as {
    archiveUrl: string;
    fileToExtract: string;
  };

  const draft = `${target}.download`;
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft, { recursive: true });
  try {
    const archive = join(draft, 'archive.tar.gz');
    await save(await get(archiveUrl, DOWNLOAD_TIMEOUT_MS), archive, progress);
    await promisify(execFile)('tar', ['-xzf', archive, '-C', draft, fileToExtract]);
    const binary = join(draft, fileToExtract);
    chmodSync(binary, 0o755);
    await firstThatRuns([binary]);
    renameSync(binary, target);
    return target;
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

async function get(url: string, timeoutMs: number): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, { signal: AbortSignal.timeout(timeoutMs) });
  } catch (error) {
    const { cause, message } = error as Error;
    throw new Error(`${url} does not answer: ${cause instanceof Error ? cause.message : message}`, {
      cause: error,
    });
  }
  if (!response.ok) throw new Error(`${url} answers ${response.status}`);
  return response;
}

async function save(response: Response, file: string, progress: Progress): Promise<void> {
  if (!response.body) throw new Error(`${response.url} sends nothing`);
  let receivedBytes = 0;
  const count = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      receivedBytes += chunk.length;
      progress.tick(`Downloading Temporal's dev server: ${Math.round(receivedBytes / 1e6)} MB`);
      done(null, chunk);
    },
  });
  await pipeline(Readable.fromWeb(response.body as ReadableStream), count, createWriteStream(file));
}
