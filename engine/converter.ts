import { fileURLToPath } from 'node:url';
import type { DataConverter } from '@temporalio/common';
import { createCodec, type EncryptionKey } from './codec.ts';

/** Of the configuration, what says how payloads are kept. */
export interface EncryptionSettings {
  /** The first encrypts, all decrypt; none: payloads are sent in the clear. */
  readonly PAYLOAD_ENCRYPTION_KEYS: readonly EncryptionKey[];
}

export const FAILURE_CONVERTER_PATH = fileURLToPath(new URL('./failure-converter.cjs', import.meta.url));

/**
 * How every client and worker of ours turns values into what Temporal keeps. The codec is there without keys too: it
 * then names the key that is missing, where the SDK would speak of an unknown encoding.
 */
export function dataConverter({ PAYLOAD_ENCRYPTION_KEYS: keys }: EncryptionSettings): DataConverter {
  return {
    payloadCodecs: [createCodec(keys)],
    ...(keys.length > 0 && { failureConverterPath: FAILURE_CONVERTER_PATH }),
  };
}
