import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import {
  assertFileKey,
  type ByteRange,
  type FilePage,
  type FileStat,
  type FileStore,
  type OpenFile,
  type PutOptions,
  StoreFault,
} from '../../domain/kernel/index.ts';
import { piecesOf } from './content.ts';
import { abortUpload, type Place, PART_BYTES, uploadInParts } from './s3-upload.ts';
import { asFault, isMissing } from './s3-faults.ts';

export interface S3Settings {
  readonly bucket: string;
  /** Before each key: empty, or `veza/`. */
  readonly prefix: string;
  /** Undefined: Amazon's own, for the region. */
  readonly endpoint: string | undefined;
  readonly region: string;
  /** Undefined: the machine's own role says who we are. */
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string } | undefined;
  readonly forcePathStyle: boolean;
  /** For the answer to one call, and for the next bytes of a file; 60 s by default. */
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 60_000;
const CONNECT_TIMEOUT_MS = 5_000;
const SOCKETS_MAX = 50;
const ATTEMPTS = 3;
const PAGE_FILES = 1_000;

/** Files in a bucket of S3, or of something that speaks as S3 does. */
export function createS3Store(settings: S3Settings): FileStore {
  const { bucket: Bucket, prefix, timeoutMs = TIMEOUT_MS } = settings;
  const agent = { keepAlive: true, maxSockets: SOCKETS_MAX };
  const client = new S3Client({
    region: settings.region,
    forcePathStyle: settings.forcePathStyle,
    ...(settings.endpoint !== undefined && { endpoint: settings.endpoint }),
    ...(settings.credentials && { credentials: settings.credentials }),
    maxAttempts: ATTEMPTS,
    // By default the SDK sends checksums that not everything takes that speaks as S3 does.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: {
      connectionTimeout: CONNECT_TIMEOUT_MS,
      requestTimeout: timeoutMs,
      throwOnRequestTimeout: true,
      httpAgent: new HttpAgent(agent),
      httpsAgent: new HttpsAgent(agent),
    },
  });
  const placeOf = (key: string): Place => {
    assertFileKey(key);
    return { Bucket, Key: `${prefix}${key}` };
  };
  return {
    put: async (key, content, options) => put(client, placeOf(key), content, options),
    get: async (key, range) => get(client, placeOf(key), range, timeoutMs),
    stat: async (key) => stat(client, placeOf(key)),
    remove: async (key) => {
      const place = placeOf(key);
      await asFault(() => client.send(new DeleteObjectCommand(place))).catch(nullIfMissing);
    },
    list: (keys, after) => list(client, { Bucket, prefix, keys, after }),
    abortUnfinished: ({ olderThan, prefix: keys }) =>
      abortUnfinished(client, { Bucket, Prefix: `${prefix}${keys}` }, olderThan),
    close: () => client.destroy(),
  };
}

async function put(
  client: S3Client,
  place: Place,
  content: AsyncIterable<Uint8Array>,
  { contentType: ContentType, signal }: PutOptions,
): Promise<{ readonly sizeBytes: number }> {
  const parts = partsOf(piecesOf(content, { signal }));
  try {
    const first = await parts.next();
    const Body = first.done === true ? new Uint8Array() : first.value;
    if (Body.byteLength === PART_BYTES)
      return await uploadInParts(client, { ...place, ContentType }, { first: Body, rest: parts, signal });
    signal?.throwIfAborted();
    await asFault(() => client.send(new PutObjectCommand({ ...place, ContentType, Body })));
    return { sizeBytes: Body.byteLength };
  } finally {
    await parts.return();
  }
}

/**
 * Each as large as a part of an upload, but the last, which is smaller or missing. Two buffers for all of them: whoever asks
 * for a part is done with the one before the last.
 */
async function* partsOf(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  let part = Buffer.allocUnsafe(PART_BYTES);
  let other: typeof part | null = null;
  let filled = 0;
  for await (const piece of pieces) {
    for (let taken = 0; taken < piece.byteLength;) {
      const some = piece.subarray(taken, taken + PART_BYTES - filled);
      part.set(some, filled);
      filled += some.byteLength;
      taken += some.byteLength;
      if (filled < PART_BYTES) continue;
      yield part;
      [part, other] = [other ?? Buffer.allocUnsafe(PART_BYTES), part];
      filled = 0;
    }
  }
  if (filled > 0) yield part.subarray(0, filled);
}

async function get(
  client: S3Client,
  place: Place,
  range: ByteRange | undefined,
  timeoutMs: number,
): Promise<OpenFile | null> {
  const Range = range && `bytes=${range.start}-${range.end ?? ''}`;
  const answer = await asFault(() => client.send(new GetObjectCommand({ ...place, Range }))).catch(
    nullIfMissing,
  );
  if (answer === null) return null;
  const { Body: body, ContentRange, ContentLength = 0, LastModified: modifiedAt } = answer;
  const sizeBytes = ContentRange === undefined ? ContentLength : Number(ContentRange.split('/')[1]);
  if (body === undefined || !(Symbol.asyncIterator in body) || modifiedAt === undefined)
    throw new StoreFault('unavailable');
  const bytes: AsyncIterable<Uint8Array> = body;
  const close = () => void ('destroy' in body && body.destroy());
  return { sizeBytes, modifiedAt, content: whole(bytes, close, timeoutMs), close };
}

async function* whole(bytes: AsyncIterable<Uint8Array>, close: () => void, timeoutMs: number) {
  try {
    yield* piecesOf(bytes, { timeoutMs });
  } catch {
    throw new StoreFault('unavailable');
  } finally {
    close();
  }
}

async function stat(client: S3Client, place: Place): Promise<FileStat | null> {
  const answer = await asFault(() => client.send(new HeadObjectCommand(place))).catch(nullIfMissing);
  if (answer === null) return null;
  const { ContentLength: sizeBytes, LastModified: modifiedAt } = answer;
  if (sizeBytes === undefined || modifiedAt === undefined) throw new StoreFault('unavailable');
  return { sizeBytes, modifiedAt };
}

async function list(
  client: S3Client,
  which: { Bucket: string; prefix: string; keys: string; after: string | undefined },
): Promise<FilePage> {
  const { Bucket, prefix, keys, after } = which;
  const page = await asFault(() =>
    client.send(
      new ListObjectsV2Command({
        Bucket,
        Prefix: `${prefix}${keys}`,
        MaxKeys: PAGE_FILES,
        ...(after !== undefined && { StartAfter: `${prefix}${after}` }),
      }),
    ),
  );
  const files = (page.Contents ?? []).flatMap(({ Key, Size: sizeBytes, LastModified: modifiedAt }) =>
    Key === undefined || sizeBytes === undefined || modifiedAt === undefined
      ? []
      : [{ key: Key.slice(prefix.length), sizeBytes, modifiedAt }],
  );
  return { files, next: page.IsTruncated === true ? (files.at(-1)?.key ?? null) : null };
}

async function abortUnfinished(
  client: S3Client,
  which: { readonly Bucket: string; readonly Prefix: string },
  olderThan: Date,
): Promise<number> {
  let aborted = 0;
  for (let from: { KeyMarker?: string; UploadIdMarker?: string } | null = {}; from !== null;) {
    const at: { KeyMarker?: string; UploadIdMarker?: string } = from;
    const page = await asFault(() => client.send(new ListMultipartUploadsCommand({ ...which, ...at })));
    for (const { Key, UploadId, Initiated } of page.Uploads ?? []) {
      if (Key === undefined || UploadId === undefined || Initiated === undefined) continue;
      if (Initiated >= olderThan) continue;
      await abortUpload(client, { Bucket: which.Bucket, Key, UploadId });
      aborted += 1;
    }
    const { IsTruncated, NextKeyMarker: KeyMarker, NextUploadIdMarker: UploadIdMarker } = page;
    from =
      IsTruncated === true && KeyMarker !== undefined
        ? { KeyMarker, ...(UploadIdMarker !== undefined && { UploadIdMarker }) }
        : null;
  }
  return aborted;
}

function nullIfMissing(error: unknown): null {
  if (isMissing(error)) return null;
  throw error;
}
