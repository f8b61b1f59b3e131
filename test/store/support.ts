import { storeSettingsOf } from '../../config/storage.ts';
import { readVariables } from '../../config.ts';
import type { FileStore } from '../../domain/kernel/index.ts';
import { createFileStore } from '../../providers/store/index.ts';

export const MIB = 1024 * 1024;

export const STORAGE_NAMES = [
  ...(['NODE_ENV', 'APP_ENV', 'STORAGE_URL', 'S3_ENDPOINT', 'S3_REGION'] as const),
  ...(['S3_ACCESS_KEY_ID', 'S3_SECRET_ACCESS_KEY', 'S3_FORCE_PATH_STYLE'] as const),
];

/** The store that these variables of the environment name. */
export const storeOf = (env: Readonly<Record<string, string>>): FileStore =>
  createFileStore(storeSettingsOf(readVariables(env, STORAGE_NAMES)));

export async function* text(words: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(words);
}

/** So many bytes in pieces of this size; each piece has a byte of its own, unless one is given. */
export async function* pieces(
  sizeBytes: number,
  pieceBytes: number,
  byte?: number,
): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < sizeBytes; at += pieceBytes)
    yield Buffer.alloc(Math.min(pieceBytes, sizeBytes - at), byte ?? (at / pieceBytes) % 251);
}

export async function bytesOf({ content }: { readonly content: AsyncIterable<Uint8Array> }): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const piece of content) parts.push(piece);
  return Buffer.concat(parts);
}
