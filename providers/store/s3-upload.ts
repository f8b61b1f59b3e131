import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  HeadObjectCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { StoreFault } from '../../domain/kernel/index.ts';
import { asFault, isMissing } from './s3-faults.ts';

/** 10,000 of them are the most that a file may have: 80 GiB. */
export const PART_BYTES = 8 * 1024 * 1024;

export interface Place {
  readonly Bucket: string;
  readonly Key: string;
}

type UploadOf = Place & { readonly UploadId: string };

/**
 * Uploads parts one after another, while the next one is made. Ours and not the SDK's, whose abort does not wait for the
 * upload that it ends, so that one that was being opened stayed.
 */
export async function uploadInParts(
  client: S3Client,
  { ContentType, ...place }: Place & { readonly ContentType: string },
  content: {
    readonly first: Uint8Array;
    readonly rest: AsyncIterable<Uint8Array>;
    readonly signal: AbortSignal | undefined;
  },
): Promise<{ readonly sizeBytes: number }> {
  const { signal } = content;
  // Not to be aborted: who does not hear its answer does not know the upload that is to be removed.
  const { UploadId } = await asFault(() =>
    client.send(new CreateMultipartUploadCommand({ ...place, ContentType })),
  );
  if (UploadId === undefined) throw new StoreFault('unavailable');
  const upload = { ...place, UploadId };
  try {
    const { parts, sizeBytes } = await sendParts(client, upload, content);
    signal?.throwIfAborted();
    await complete(client, upload, parts, sizeBytes);
    return { sizeBytes };
  } catch (error) {
    // What cannot be removed now, since the store is away, is found by `abortUnfinished`.
    await abortUpload(client, upload).catch(() => undefined);
    throw error;
  }
}

interface SentPart {
  readonly PartNumber: number;
  readonly ETag: string | undefined;
}

async function sendParts(
  client: S3Client,
  upload: UploadOf,
  { first, rest, signal }: Parameters<typeof uploadInParts>[2],
) {
  const send = async (PartNumber: number, Body: Uint8Array): Promise<SentPart> => {
    const command = new UploadPartCommand({ ...upload, PartNumber, Body });
    const { ETag } = await asFault(() => client.send(command, signal && { abortSignal: signal })).catch(
      (error: unknown) => {
        signal?.throwIfAborted();
        throw error;
      },
    );
    return { PartNumber, ETag };
  };
  const parts: SentPart[] = [];
  let sizeBytes = first.byteLength;
  let underWay = send(1, first);
  // It is awaited below, when the next part is there.
  underWay.catch(() => undefined);
  try {
    for await (const part of rest) {
      parts.push(await underWay);
      sizeBytes += part.byteLength;
      underWay = send(parts.length + 1, part);
      underWay.catch(() => undefined);
    }
  } catch (error) {
    // A part that arrives after the abort would stay.
    await underWay.catch(() => undefined);
    throw error;
  }
  parts.push(await underWay);
  return { parts, sizeBytes };
}

async function complete(
  client: S3Client,
  upload: UploadOf,
  Parts: SentPart[],
  sizeBytes: number,
): Promise<void> {
  const command = new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts } });
  try {
    await asFault(() => client.send(command));
  } catch (error) {
    // The SDK asks again where an answer was lost; an upload that is no longer there may be a file by now.
    if (!isMissing(error)) throw error;
    const { Bucket, Key } = upload;
    const made = await asFault(() => client.send(new HeadObjectCommand({ Bucket, Key }))).catch(() => null);
    if (made?.ContentLength !== sizeBytes) throw new StoreFault('unavailable');
  }
}

/** Also where there is none. */
export async function abortUpload(client: S3Client, upload: UploadOf): Promise<void> {
  try {
    await asFault(() => client.send(new AbortMultipartUploadCommand(upload)));
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}
