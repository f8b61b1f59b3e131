import { fileURLToPath } from 'node:url';
import type { DataConverter } from '@temporalio/common';
import { createCodec, encryptingKey, type EncryptionKey } from './codec.ts';

/** Of the configuration, what says how payloads are kept. */
export interface EncryptionSettings {
  /** All decrypt; none: payloads are sent in the clear. */
  readonly PAYLOAD_ENCRYPTION_KEYS: readonly EncryptionKey[];
  /** The one that encrypts, or `none`; undefined: the first. */
  readonly PAYLOAD_ENCRYPTION_KEY_ID: string | undefined;
}

export const encrypts = (settings: EncryptionSettings) =>
  encryptingKey(settings.PAYLOAD_ENCRYPTION_KEYS, settings.PAYLOAD_ENCRYPTION_KEY_ID) !== undefined;

export const FAILURE_CONVERTER_PATH = fileURLToPath(new URL('./failure-converter.cjs', import.meta.url));

/**
 * How every client and worker of ours turns values into what Temporal keeps. The codec is there without keys too: it
 * then names the key that is missing, where the SDK would speak of an unknown encoding.
 */
export function dataConverter(settings: EncryptionSettings): DataConverter {
  const { PAYLOAD_ENCRYPTION_KEYS: keys, PAYLOAD_ENCRYPTION_KEY_ID: keyId } = settings;
  return {
    payloadCodecs: [createCodec(keys, keyId)],
    // Encoded failures are read without it too.
    ...(encrypts(settings) && { failureConverterPath: FAILURE_CONVERTER_PATH }),
  };
}
