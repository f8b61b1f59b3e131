import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readdir } from 'node:fs/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import type { FileStore } from '../../domain/kernel/index.ts';
import { createFileStore } from '../../providers/store/index.ts';
import { LOADS_SOURCES } from '../harness/processes.ts';
import { startS3, type TestS3 } from '../harness/s3.ts';
import { uniqueName } from '../harness/services.ts';
import { startTcpProxy, type TcpProxy } from '../harness/tcp-proxy.ts';
import { bytesOf, MIB, pieces, text } from './support.ts';

const OPTIONS = { contentType: 'application/zip' };
const ALL = { olderThan: new Date('2100-01-01'), prefix: '' };
const is = (code: string) => ({ name: 'StoreFault', code, message: `the file store: ${code}` });

const closers: (() => unknown)[] = [];
afterAll(async () => {
  for (const close of closers) await close();
});

function s3StoreAt(
  endpoint: string,
  s3: Pick<TestS3, 'bucket' | 'accessKeyId' | 'secretAccessKey'>,
  timeoutMs?: number,
) {
  const { bucket, ...credentials } = s3;
  const store = createFileStore({
    ...{ kind: 's3', bucket, prefix: '', endpoint, region: 'us-east-1', credentials, forcePathStyle: true },
    ...(timeoutMs !== undefined && { timeoutMs }),
  });
  closers.push(() => store.close());
  return store;
}

describe('an S3 that is in trouble', () => {
  let s3: TestS3;
  let wire: TcpProxy;
  let store: FileStore;
  let through: FileStore;
  const keysOf = ({ bucket, accessKeyId, secretAccessKey }: TestS3) => ({
    bucket,
    accessKeyId,
    secretAccessKey,
  });
  beforeAll(async () => {
    s3 = await startS3();
    wire = await startTcpProxy({ host: '127.0.0.1', port: s3.port });
    closers.push(() => wire.down());
    store = s3StoreAt(s3.endpoint, keysOf(s3));
    through = s3StoreAt(`http://${wire.address}`, keysOf(s3), 2_000);
  });

  test('away: every call says so, and works again when it is back', async () => {
    await store.put('away/a', text('a'), OPTIONS);
    await wire.down();
    await expect(through.put('away/b', text('b'), OPTIONS)).rejects.toMatchObject(is('unavailable'));
    await expect(through.get('away/a')).rejects.toMatchObject(is('unavailable'));
    await expect(through.stat('away/a')).rejects.toMatchObject(is('unavailable'));
    await expect(through.remove('away/a')).rejects.toMatchObject(is('unavailable'));
    await expect(through.list('away/')).rejects.toMatchObject(is('unavailable'));
    await expect(through.abortUnfinished(ALL)).rejects.toMatchObject(is('unavailable'));
    await wire.up();
    expect(await through.stat('away/a')).toMatchObject({ sizeBytes: 1 });
    expect(await through.stat('away/b')).toBeNull();
  });

  test('silent: a call ends by its deadline', async () => {
    wire.silence();
    await expect(through.stat('silent/a')).rejects.toMatchObject(is('unavailable'));
    wire.speak();
    wire.cut();
  });

  test('silent in the middle of a file: the reader is told', async () => {
    await store.put('silent/big', pieces(40 * MIB, MIB), OPTIONS);
    const file = await through.get('silent/big');
    wire.silence();
    await expect(file && bytesOf(file)).rejects.toMatchObject(is('unavailable'));
    wire.speak();
    wire.cut();
  });

  test('gone in the middle of a put: it fails, and what it left is found by its age', async () => {
    const content = async function* () {
      yield* pieces(9 * MIB, MIB);
      await wire.down();
      yield* pieces(9 * MIB, MIB);
    };
    await expect(through.put('gone/a', content(), OPTIONS)).rejects.toMatchObject(is('unavailable'));
    await wire.up();
    expect(await store.stat('gone/a')).toBeNull();
    expect(await store.abortUnfinished({ ...ALL, prefix: 'gone/' })).toBe(1);
    expect(await store.abortUnfinished({ ...ALL, prefix: 'gone/' })).toBe(0);
  });

  test('the answer to the end of an upload is lost: the file is there, and the put says so', async () => {
    const lost = wire.loseAnswerTo('<CompleteMultipartUpload');
    expect(await through.put('lost/a', pieces(17 * MIB, MIB), OPTIONS)).toEqual({ sizeBytes: 17 * MIB });
    await lost;
    expect(await store.stat('lost/a')).toMatchObject({ sizeBytes: 17 * MIB });
    expect(await store.abortUnfinished({ ...ALL, prefix: 'lost/' })).toBe(0);
  });

  test('keys that are wrong, and a bucket that is not there, are refused', async () => {
    const stranger = s3StoreAt(s3.endpoint, { ...keysOf(s3), secretAccessKey: 'another-secret-of-somebody' });
    await expect(stranger.put('refused/a', text('a'), OPTIONS)).rejects.toMatchObject(is('refused'));
    const elsewhere = s3StoreAt(s3.endpoint, { ...keysOf(s3), bucket: 'no-such-bucket' });
    await expect(elsewhere.put('refused/a', text('a'), OPTIONS)).rejects.toMatchObject(is('refused'));
    await expect(elsewhere.list('')).rejects.toMatchObject(is('refused'));
  });
});

describe('what an S3 answers', () => {
  let server: Server;
  let answer: { readonly status: number; readonly code: string };
  let calls = 0;
  let store: FileStore;
  beforeAll(async () => {
    server = createServer((request, response) => {
      calls += 1;
      request.resume().on('end', () => {
        response.writeHead(answer.status, { 'content-type': 'application/xml' });
        response.end(
          `<?xml version="1.0"?><Error><Code>${answer.code}</Code><Message>exports/Jane Doe.zip</Message></Error>`,
        );
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    closers.push(() => server.close());
    const { port } = server.address() as AddressInfo;
    const keys = { bucket: 'files', accessKeyId: 'a', secretAccessKey: 'b' };
    store = s3StoreAt(`http://127.0.0.1:${port}`, keys);
  });

  test.each([
    [507, 'XMinioStorageFull', 'full'],
    [403, 'QuotaExceeded', 'full'],
    [403, 'AccessDenied', 'refused'],
    [503, 'SlowDown', 'unavailable'],
    [500, 'InternalError', 'unavailable'],
  ])('%i %s is %s, without its words', async (status, code, fault) => {
    answer = { status, code };
    await expect(store.put('a', text('a'), OPTIONS)).rejects.toMatchObject(is(fault));
  });

  test('one that is busy is asked three times', async () => {
    answer = { status: 503, code: 'SlowDown' };
    calls = 0;
    await expect(store.put('a', text('a'), OPTIONS)).rejects.toMatchObject(is('unavailable'));
    expect(calls).toBe(3);
  });
});

describe('a folder in trouble', () => {
  test('full: the put says so, and leaves nothing', async () => {
    const folder = `${inject('scratchDir')}/${uniqueName('full')}`;
    const index = new URL('../../providers/store/index.ts', import.meta.url).href;
    const script = `
      import { createFileStore } from ${JSON.stringify(index)};
      const store = createFileStore({ kind: 'folder', folder: ${JSON.stringify(folder)} });
      const content = async function* () { for (let i = 0; i < 100; i++) yield Buffer.alloc(65536); };
      await store.put('exports/a', content(), { contentType: 'text/plain' }).then(
        () => console.log('whole'),
        (error) => console.log(error.name, error.code, error.message),
      );
    `;
    // A file may have 1 MiB there: as on a disk without room, a write fails in the middle.
    const node = [process.execPath, ...LOADS_SOURCES, '--input-type=module', '-e', script];
    const limited = ['-c', 'ulimit -f 1024; exec "$@"', 'sh', ...node];
    const { stdout } = await promisify(execFile)('bash', limited);
    expect(stdout.trim()).toBe('StoreFault full the file store: full');
    expect(await readdir(`${folder}/exports`)).toEqual([]);
  });

  test('something else stands where the folder should be', async () => {
    const folder = `${inject('scratchDir')}/${uniqueName('files')}`;
    const store = createFileStore({ kind: 'folder', folder });
    await store.put('a', text('a'), OPTIONS);
    await expect(store.put('a/b', text('b'), OPTIONS)).rejects.toMatchObject(is('unavailable'));
    expect(await store.get('a/b')).toBeNull();
    expect(await store.stat('a')).toMatchObject({ sizeBytes: 1 });
  });
});

describe('memory', () => {
  test('of a file of 96 MiB no more than some parts are held at a time', async () => {
    const s3 = await startS3();
    const { bucket, accessKeyId, secretAccessKey } = s3;
    const store = s3StoreAt(s3.endpoint, { bucket, accessKeyId, secretAccessKey });
    const before = process.memoryUsage().arrayBuffers;
    let most = 0;
    const watch = () => (most = Math.max(most, process.memoryUsage().arrayBuffers - before));
    const piece = Buffer.alloc(64 * 1024);
    const content = async function* () {
      for (let at = 0; at < 96 * MIB; at += piece.length) {
        watch();
        yield piece;
      }
    };
    expect(await store.put('memory/a', content(), OPTIONS)).toEqual({ sizeBytes: 96 * MIB });
    expect(most).toBeLessThan(48 * MIB);
    const file = await store.get('memory/a');
    let read = 0;
    for await (const some of file?.content ?? []) read += some.length;
    expect(read).toBe(96 * MIB);
  });
});
