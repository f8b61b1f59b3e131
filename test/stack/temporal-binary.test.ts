import { execFile, execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Progress } from '../../stack/progress.ts';
import { findTemporalBinary, TEMPORAL_CLI_VERSION } from '../../stack/temporal-binary.ts';

const CACHED = `temporal-${TEMPORAL_CLI_VERSION}`;
/** Refuses at once, as a closed network does. */
const NO_DOWNLOAD = 'http://127.0.0.1:2/cli';

let root: string;
let env: NodeJS.ProcessEnv;
let said: string[];
let progress: Progress;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'veza-binary-'));
  env = { HOME: join(root, 'home'), PATH: join(root, 'bin'), XDG_CACHE_HOME: join(root, 'cache') };
  said = [];
  progress = { say: (line) => void said.push(line), tick: (line) => void said.push(line) };
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function program(path: string, script: string): string {
  const file = join(root, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
  return file;
}

const temporalAt = (path: string) => program(path, 'echo temporal version 9.9.9');
const find = (downloadUrl = NO_DOWNLOAD) => findTemporalBinary({ env, progress, downloadUrl });

describe('the order', () => {
  test('TEMPORAL_CLI_PATH, then the PATH, then our cache, then what go install left', async () => {
    const places = ['own/temporal', 'bin/temporal', `cache/veza/${CACHED}`, 'home/go/bin/temporal'].map(
      temporalAt,
    );
    env['TEMPORAL_CLI_PATH'] = places[0];
    for (const place of places) {
      expect(await find()).toBe(place);
      rmSync(place);
    }
  });

  test('GOBIN comes before GOPATH', async () => {
    Object.assign(env, { GOBIN: join(root, 'gobin'), GOPATH: join(root, 'gopath') });
    const places = ['gobin/temporal', 'gopath/bin/temporal'].map(temporalAt);
    for (const place of places) {
      expect(await find()).toBe(place);
      rmSync(place);
    }
  });

  test('another program of that name on the PATH is passed over', async () => {
    program('bin/temporal', 'echo a calendar');
    const cached = temporalAt(`cache/veza/${CACHED}`);
    expect(await find()).toBe(cached);
  });

  test('a wrong TEMPORAL_CLI_PATH is said, and the search goes on', async () => {
    env['TEMPORAL_CLI_PATH'] = join(root, 'nowhere');
    const onPath = temporalAt('bin/temporal');
    expect(await find()).toBe(onPath);
    expect(said[0]).toMatch(/TEMPORAL_CLI_PATH: .*nowhere is not there.*looking elsewhere/);
  });
});

describe('fetching it', () => {
  test('the download is unpacked into the cache, and found there the next time', async () => {
    const server = await downloadService(temporalAt('archive/temporal'));
    const path = await find(server.url);
    await server.close();

    expect(path).toBe(join(root, 'cache', 'veza', CACHED));
    expect(server.asked[0]).toMatch(
      new RegExp(`^/cli/v${TEMPORAL_CLI_VERSION}\\?arch=.+&platform=.+&format=tar.gz`),
    );
    expect(readdirSync(dirname(path))).toEqual([CACHED]);
    expect(await find()).toBe(path);
  });

  test('Go builds it when the download is refused, with progress', async () => {
    program('bin/go', GO_THAT_BUILDS);
    const path = await find();
    expect(path).toBe(join(root, 'cache', 'veza', CACHED));
    expect(said.join('\n')).toMatch(
      /Building Temporal's dev server with Go, once[^]*Building Temporal: 1 s, 2 packages/,
    );
    expect(readFileSync(join(root, 'calls'), 'utf8')).toBe(
      `install -v -ldflags=-s -w github.com/temporalio/cli/cmd/temporal@v${TEMPORAL_CLI_VERSION}\n`,
    );
  });

  test('of two that want it at once only one builds', async () => {
    program('bin/go', GO_THAT_BUILDS);
    const child = `import(${JSON.stringify(new URL('../../stack/temporal-binary.ts', import.meta.url).href)})
      .then((m) => m.findTemporalBinary({ env: ${JSON.stringify(env)}, downloadUrl: '${NO_DOWNLOAD}' }))
      .then(console.log)`;
    const other = promisify(execFile)(process.execPath, ['--import', 'tsx', '-e', child]);
    const [mine, theirs] = await Promise.all([find(), other]);
    expect(mine).toBe(theirs.stdout.trim());
    expect(readFileSync(join(root, 'calls'), 'utf8').trim().split('\n')).toHaveLength(1);
  });

  test('a builder that was killed does not block the next', async () => {
    program('bin/go', GO_THAT_BUILDS);
    const lock = join(root, 'cache', 'veza', `${CACHED}.lock`);
    mkdirSync(dirname(lock), { recursive: true });
    writeFileSync(lock, JSON.stringify({ owner: { pid: 999_999_999, startedAt: '1' } }));
    expect(await find()).toBe(join(root, 'cache', 'veza', CACHED));
    expect(existsSync(lock)).toBe(false);
  });
});

test('when nothing works, one error tells all that was tried and why each failed', async () => {
  env['TEMPORAL_CLI_PATH'] = program('own/temporal', 'exit 3');
  program('bin/go', 'echo "go: proxy refuses github.com/temporalio/cli" >&2; exit 1');
  const error = await find().catch((thrown: Error) => thrown);
  expect(error).toBeInstanceOf(Error);
  const { message } = error as Error;
  expect(message.split('\n').filter((line) => line.startsWith('  - '))).toEqual([
    expect.stringMatching(/TEMPORAL_CLI_PATH: .*own\/temporal does not run/),
    expect.stringMatching(/temporal on the PATH: not in any of its 1 folders/),
    expect.stringMatching(/the cache of an earlier run: .*is not there/),
    expect.stringMatching(/what another process has fetched meanwhile: /),
    expect.stringMatching(/the SDK's download: http:\/\/127\.0\.0\.1:2.* does not answer/),
    expect.stringMatching(/building it with Go: "go install .*" ended with code 1:/),
  ]);
  expect(message).toContain('go: proxy refuses github.com/temporalio/cli');
  expect(message).toMatch(/TEMPORAL_ADDRESS to a server that runs\.$/);
  expect(readdirSync(join(root, 'cache', 'veza'))).toEqual([]);
});

test('without Go the error says so', async () => {
  await expect(find()).rejects.toThrow(/building it with Go: Go is not on the PATH/);
});

/** Writes what it was asked into `calls`, takes a second and leaves a binary where GOBIN says. */
const GO_THAT_BUILDS = `echo "$@" >> "$GOBIN/../../../calls"
echo "go: downloading go.temporal.io/server v1.29.1" >&2
echo "go.temporal.io/server/common" >&2
echo "go.temporal.io/server/temporal" >&2
/bin/sleep 1.5
printf '#!/bin/sh\\necho temporal version 9.9.9\\n' > "$GOBIN/temporal"
/bin/chmod +x "$GOBIN/temporal"`;

async function downloadService(binary: string) {
  const archive = join(root, 'archive.tar.gz');
  execFileSync('tar', ['-czf', archive, '-C', dirname(binary), 'temporal']);
  const asked: string[] = [];
  const server: Server = createServer((request, response) => {
    asked.push(request.url ?? '');
    if (request.url === '/archive') return void response.end(readFileSync(archive));
    response.end(JSON.stringify({ archiveUrl: `${base}/archive`, fileToExtract: 'temporal' }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url: `${base}/cli`, asked, close: () => new Promise((resolve) => server.close(resolve)) };
}
