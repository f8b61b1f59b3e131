import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

// The shape of a key: `vz_live_` for scanners of leaked secrets, 6 bytes to find it by, 32 random bytes; all in hex.

const PREFIX_BYTES = 6;
const SECRET_BYTES = 32;
const SHAPE = new RegExp(`^(vz_live_[0-9a-f]{${PREFIX_BYTES * 2}})_[0-9a-f]{${SECRET_BYTES * 2}}$`);

export interface NewKey {
  /** Shown once. */
  readonly key: string;
  readonly prefix: string;
  readonly keyHash: string;
}

export function makeKey(): NewKey {
  const prefix = `vz_live_${randomBytes(PREFIX_BYTES).toString('hex')}`;
  const key = `${prefix}_${randomBytes(SECRET_BYTES).toString('hex')}`;
  return { key, prefix, keyHash: hashOf(key) };
}

/** Undefined where the text does not have the shape of a key. */
export const prefixOf = (key: string): string | undefined => SHAPE.exec(key)?.[1];

/** Whether the hash is of this key; it takes the same time in both cases. */
export const isKeyOf = (key: string, keyHash: string): boolean =>
  timingSafeEqual(Buffer.from(hashOf(key), 'hex'), Buffer.from(keyHash, 'hex'));

const hashOf = (key: string) => createHash('sha256').update(key).digest('hex');
