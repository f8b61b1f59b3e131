import { NO_KEY } from './ids.ts';

/** A key of a ring: 32 bytes, with the name that what it encrypts carries. */
export interface EncryptionKey {
  readonly id: string;
  readonly secret: Uint8Array;
}

/** Keys of which all decrypt (or verify) and one encrypts (or signs): the first, or the one that is named. */
export interface KeyRing<Key extends { readonly id: string } = EncryptionKey> {
  readonly keys: readonly Key[];
  readonly keyId?: string | undefined;
}

/** The key that encrypts or signs. Undefined: the ring is empty, or `none` is named, so that its keys do neither. */
export function keyInUse<Key extends { readonly id: string }>({
  keys,
  keyId,
}: KeyRing<Key>): Key | undefined {
  if (keyId === NO_KEY) return undefined;
  if (keyId === undefined) return keys[0];
  const named = keys.find(({ id }) => id === keyId);
  // The configuration refuses such a key. To go on would send in the clear what somebody wants encrypted.
  if (named === undefined) throw new Error(`the key "${keyId}" is not in the ring`);
  return named;
}

/** The ring of the configuration that wraps the keys of persons. */
export const personalKeysOf = (config: {
  readonly PERSONAL_DATA_KEYS: readonly EncryptionKey[];
  readonly PERSONAL_DATA_KEY_ID: string | undefined;
}): KeyRing => ({ keys: config.PERSONAL_DATA_KEYS, keyId: config.PERSONAL_DATA_KEY_ID });
