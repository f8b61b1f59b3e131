import { VezaError } from '../../../domain/errors.ts';
import {
  keyInUse,
  type KeyRing,
  parseSealed,
  type Sealed,
  writeSealed,
} from '../../../domain/kernel/index.ts';
import { decrypt, encrypt, type Place } from './aead.ts';

// What has no person yet is sealed under the ring itself, and so is each person's key.

/** Throws `personal_data_unreadable` where no key of the ring encrypts. */
export function sealUnderRing(ring: KeyRing, place: Place, value: Uint8Array | string): Sealed {
  const key = keyInUse(ring);
  if (key === undefined) throw unreadable('PERSONAL_DATA_KEYS has no key that encrypts');
  return writeSealed(key.id, encrypt(key.secret, place, Buffer.from(value)));
}

/** Throws `personal_data_unreadable`, which names the key that is missing. */
export function openUnderRing({ keys }: KeyRing, place: Place, sealed: Sealed): Buffer {
  const parsed = parseSealed(sealed);
  if (parsed === null) throw unreadable(`${nameOf(place)} is not whole`);
  const key = keys.find(({ id }) => id === parsed.keyId);
  if (key === undefined) {
    throw unreadable(`it is sealed under the key "${parsed.keyId}", which is not in PERSONAL_DATA_KEYS`);
  }
  const opened = decrypt(key.secret, place, parsed.inBase64Url);
  if (opened === null)
    throw unreadable(`${nameOf(place)} was changed or moved, or the key "${key.id}" is another one`);
  return opened;
}

export const unreadable = (why: string) =>
  new VezaError('personal_data_unreadable', `Personal data cannot be read: ${why}.`);

export const nameOf = ({ table, column, rowId }: Place): string => `${table}.${column} of ${rowId}`;
