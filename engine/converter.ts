import { fileURLToPath } from 'node:url';
import type { DataConverter } from '@temporalio/common';
import { keyInUse, type EncryptionKey } from '../domain/kernel/index.ts';
import { createCodec } from './codec.ts';

/** The part of the configuration that says how payloads are kept. */
export interface EncryptionSettings {
  /** All of them decrypt; without keys, payloads are sent in the clear. */
  readonly PAYLOAD_ENCRYPTION_KEYS: readonly EncryptionKey[];
  /** The id of the key that encrypts, or `none`; undefined: the first. */
  readonly PAYLOAD_ENCRYPTION_KEY_ID: string | undefined;
}

export const encrypts = ({
  PAYLOAD_ENCRYPTION_KEYS: keys,
  PAYLOAD_ENCRYPTION_KEY_ID: keyId,
}: EncryptionSettings) => keyInUse({ keys, keyId }) !== undefined;

export const FAILURE_CONVERTER_PATH = fileURLToPath(new URL('./failure-converter.cjs', import.meta.url));

/**
 * How all our clients and workers turn values into payloads. Without keys the codec is there too: it names the
 * missing key, where the SDK would only report an unknown encoding.
 */
export function dataConverter(settings: EncryptionSettings): DataConverter {
  const { PAYLOAD_ENCRYPTION_KEYS: keys, PAYLOAD_ENCRYPTION_KEY_ID: keyId } = settings;
  return {
    payloadCodecs: [createCodec(keys, keyId)],
    // Encoded failures can be read without it too.
    ...(encrypts(settings) && { failureConverterPath: FAILURE_CONVERTER_PATH }),
  };
}
