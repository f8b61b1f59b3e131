import { createHash } from 'node:crypto';
import { beforeAll, describe, expect, inject, test } from 'vitest';
import type { FileStore } from '../../domain/kernel/index.ts';
import { startS3 } from '../harness/s3.ts';
import { uniqueName } from '../harness/services.ts';
import { bytesOf, MIB, pieces, storeOf, text } from './support.ts';

const OPTIONS = { contentType: 'application/zip' };
/** Everything that was begun is older. */
const ALL = { olderThan: new Date('2100-01-01'), prefix: '' };

const STORES = {
  'a folder': async () => ({ STORAGE_URL: `file:${inject('scratchDir')}/${uniqueName('files')}` }),
  S3: async () => (await startS3()).env,
} as const;

describe.each(Object.entries(STORES))('%s', (_, start) => {
  let store: FileStore;
  beforeAll(async () => {
    const env = await start();
    store = storeOf(env);
    return () => store.close();
  });

  test('what was put is read as it was, whole and by ranges, with its size', async () => {
    expect(await store.put('exports/1/a.zip', text('0123456789'), OPTIONS)).toEqual({ sizeBytes: 10 });
    const read = async (range?: { start: number; end?: number }) => {
      const file = await store.get('exports/1/a.zip', range);
      expect(file?.sizeBytes).toBe(10);
      return file && (await bytesOf(file)).toString();
    };
    expect(await read()).toBe('0123456789');
    expect(await read({ start: 0, end: 0 })).toBe('0');
    expect(await read({ start: 3, end: 5 })).toBe('345');
    expect(await read({ start: 7 })).toBe('789');
    expect(await read({ start: 7, end: 400 })).toBe('789');
    await expect(store.get('exports/1/a.zip', { start: 10 })).rejects.toMatchObject({ code: 'range' });
    expect(await store.stat('exports/1/a.zip')).toMatchObject({
      sizeBytes: 10,
      modifiedAt: expect.any(Date),
    });
  });

  test('a file of no bytes is a file', async () => {
    expect(await store.put('empty', text(''), OPTIONS)).toEqual({ sizeBytes: 0 });
    const file = await store.get('empty');
    expect(file && (await bytesOf(file)).length).toBe(0);
  });

  test('what is not there is said and not thrown, and may be removed', async () => {
    expect(await store.get('exports/none/a.zip')).toBeNull();
    expect(await store.stat('exports/none')).toBeNull();
    await store.remove('exports/none/a.zip');
  });

  test('what was removed is gone, also when it is removed twice', async () => {
    await store.put('removed/a', text('a'), OPTIONS);
    await store.remove('removed/a');
    await store.remove('removed/a');
    expect(await store.get('removed/a')).toBeNull();
    expect((await store.list('removed/')).files).toEqual([]);
  });

  test('files are listed by key, after any key, under any prefix', async () => {
    const keys = ['list/b/1', 'list/a-1', 'list/a/2', 'list/a/1', 'list/c', 'other/a'];
    for (const key of keys) await store.put(key, text(key), OPTIONS);
    const listed = async (prefix: string, after?: string) =>
      (await store.list(prefix, after)).files.map(({ key }) => key);
    expect(await listed('list/')).toEqual(['list/a-1', 'list/a/1', 'list/a/2', 'list/b/1', 'list/c']);
    expect(await listed('list/a')).toEqual(['list/a-1', 'list/a/1', 'list/a/2']);
    expect(await listed('list/', 'list/a/1')).toEqual(['list/a/2', 'list/b/1', 'list/c']);
    expect(await store.list('list/', 'list/c')).toEqual({ files: [], next: null });
    expect((await store.list('list/c')).files).toMatchObject([{ key: 'list/c', sizeBytes: 6 }]);
  });

  test('keys may hold what people write', async () => {
    for (const key of ['odd/naïve “file”.zip', 'odd/a+b&c=d%20e?f#g', 'odd/🎧 عربى', "odd/it's (1)*~!"]) {
      await store.put(key, text(key), OPTIONS);
      const file = await store.get(key);
      expect(file && (await bytesOf(file)).toString()).toBe(key);
      expect((await store.list(key)).files.map((one) => one.key)).toEqual([key]);
      await store.remove(key);
    }
    expect((await store.list('odd/')).files).toEqual([]);
  });

  test.each(['', '/a', 'a/', 'a//b', '../a', 'a/../b', '.a', 'a\\b', 'a\nb', 'a\ud800', 'x'.repeat(65)])(
    'no key leads elsewhere: %j',
    async (key) => {
      await expect(store.put(key, text('a'), OPTIONS)).rejects.toThrow(RangeError);
      await expect(store.get(key)).rejects.toThrow(RangeError);
      await expect(store.stat(key)).rejects.toThrow(RangeError);
      await expect(store.remove(key)).rejects.toThrow(RangeError);
    },
  );

  test('a file of many parts arrives whole', async () => {
    const sent = createHash('sha256');
    const size = 21 * MIB + 7;
    const put = await store.put('parts/big', hashed(pieces(size, 100_000), sent), OPTIONS);
    expect(put).toEqual({ sizeBytes: size });
    const file = await store.get('parts/big');
    const got = createHash('sha256');
    for await (const piece of file?.content ?? []) got.update(piece);
    expect(got.digest('hex')).toBe(sent.digest('hex'));
    const tail = await store.get('parts/big', { start: size - 3 });
    expect(tail && (await bytesOf(tail)).length).toBe(3);
  });

  test('a file that is as long as whole parts arrives whole', async () => {
    expect(await store.put('parts/even', pieces(16 * MIB, MIB), OPTIONS)).toEqual({ sizeBytes: 16 * MIB });
    expect(await store.stat('parts/even')).toMatchObject({ sizeBytes: 16 * MIB });
  });

  test.each([0, 1, 20])(
    'content that fails after %i MiB is thrown as it came, and leaves nothing',
    async (mib) => {
      const fault = new Error('the row cannot be read');
      const failing = async function* () {
        yield* pieces(mib * MIB, 50_000);
        throw fault;
      };
      await expect(store.put('failed/a', failing(), OPTIONS)).rejects.toBe(fault);
      await expectNothingLeft('failed/');
    },
  );

  test.each([0, 1, 20])('an abort after %i MiB of content that hangs leaves nothing', async (mib) => {
    const abort = new AbortController();
    const hanging = async function* () {
      yield* pieces(mib * MIB, 50_000);
      abort.abort();
      await new Promise(() => undefined);
    };
    const put = store.put('aborted/a', hanging(), { ...OPTIONS, signal: abort.signal });
    await expect(put).rejects.toMatchObject({ name: 'AbortError' });
    await expectNothingLeft('aborted/');
  });

  test('what was aborted before it began reads nothing', async () => {
    let isRead = false;
    const content = async function* () {
      isRead = true;
      yield Buffer.from('a');
    };
    const put = store.put('aborted/b', content(), { ...OPTIONS, signal: AbortSignal.abort() });
    await expect(put).rejects.toMatchObject({ name: 'AbortError' });
    expect(isRead).toBe(false);
    await expectNothingLeft('aborted/');
  });

  test('a file stays as it was while another is put in its place, and if that fails', async () => {
    await store.put('replaced/a', text('before'), OPTIONS);
    const failing = async function* () {
      yield* pieces(9 * MIB, MIB);
      expect(await store.stat('replaced/a')).toMatchObject({ sizeBytes: 6 });
      throw new Error('half way');
    };
    await expect(store.put('replaced/a', failing(), OPTIONS)).rejects.toThrow('half way');
    const file = await store.get('replaced/a');
    expect(file && (await bytesOf(file)).toString()).toBe('before');
  });

  test('of two puts of one key at once one stays, whole', async () => {
    const of = (letter: string) => store.put('both/a', pieces(9 * MIB, MIB, letter.charCodeAt(0)), OPTIONS);
    await Promise.all([of('a'), of('b')]);
    const file = await store.get('both/a');
    const bytes = file && (await bytesOf(file));
    expect(bytes?.length).toBe(9 * MIB);
    expect(new Set(bytes).size).toBe(1);
    expect(await store.abortUnfinished({ ...ALL, prefix: 'both/' })).toBe(0);
  });

  test('what a put has left that was killed is found by its age and its key, and removed', async () => {
    let goOn = () => {};
    const held = new Promise<void>((resolve) => (goOn = resolve));
    let reached = () => {};
    const isUnderWay = new Promise<void>((resolve) => (reached = resolve));
    const slow = async function* () {
      yield* pieces(17 * MIB, MIB);
      reached();
      await held;
      yield* pieces(MIB, MIB);
    };
    const put = store.put('killed/a', slow(), OPTIONS);
    put.catch(() => undefined);
    await isUnderWay;
    expect(await store.abortUnfinished({ olderThan: new Date('2020-01-01'), prefix: 'killed/' })).toBe(0);
    expect(await store.abortUnfinished({ ...ALL, prefix: 'others/' })).toBe(0);
    expect(await store.abortUnfinished({ ...ALL, prefix: 'killed/' })).toBe(1);
    expect(await store.abortUnfinished({ ...ALL, prefix: 'killed/' })).toBe(0);
    goOn();
    await expect(put).rejects.toMatchObject({ name: 'StoreFault', code: 'unavailable' });
    await expectNothingLeft('killed/');
  });

  test('a reader that stops in the middle leaves the store as good as before', async () => {
    await store.put('left/a', pieces(12 * MIB, MIB), OPTIONS);
    for (let time = 0; time < 60; time++) (await store.get('left/a'))?.close();
    const file = await store.get('left/a');
    for await (const piece of file?.content ?? []) if (piece.length > 0) break;
    expect(await store.stat('left/a')).toMatchObject({ sizeBytes: 12 * MIB });
  });

  async function expectNothingLeft(prefix: string): Promise<void> {
    expect(await store.list(prefix)).toEqual({ files: [], next: null });
    expect(await store.abortUnfinished({ ...ALL, prefix })).toBe(0);
  }
});

async function* hashed(content: AsyncIterable<Uint8Array>, hash: ReturnType<typeof createHash>) {
  for await (const piece of content) {
    hash.update(piece);
    yield piece;
  }
}
