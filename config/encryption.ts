import { z } from 'zod';
import { NO_KEY } from '../domain/kernel/index.ts';
import { variable, type Variables } from './variable.ts';

const KEY_BYTES = 32;
const KEY_RING = `id:key pairs, comma-separated, each key ${KEY_BYTES} bytes in base64 under an id of its own (not ${NO_KEY})`;
/** Keys of payloads: all decrypt, one encrypts (see PAYLOAD_ENCRYPTION_KEY_ID). The message never repeats a key. */
const keyRing = () =>
  z
    .string()
    .default('')
    .transform((value, context) => {
      const parts = value.split(',').map((part) => part.trim());
      const keys = parts.filter((part) => part !== '').map(readKey);
      const ids = new Set(keys.map((key) => key?.id));
      if (ids.size === keys.length && !ids.has(undefined)) return keys.filter((key) => key !== null);
      context.addIssue({ code: 'custom', message: KEY_RING });
      return z.NEVER;
    });

function readKey(pair: string) {
  const [, id, inBase64] = /^([\w.-]{1,64}):([\w+/=-]+)$/.exec(pair) ?? [];
  if (id === undefined || inBase64 === undefined || id === NO_KEY) return null;
  const key = { id, secret: Buffer.from(inBase64, 'base64') };
  return key.secret.length === KEY_BYTES ? key : null;
}

/** The id in front of a key: no secret, and free to choose. */
const KEY_ID = /^[^:]+:/;

/** Encryption of payloads in Temporal by keys of our own. */
export const ENCRYPTION_VARIABLES = {
  PAYLOAD_ENCRYPTION_KEYS: variable(
    keyRing(),
    '',
    'keys of payloads in Temporal, `id:base64` comma-separated: the first encrypts, all decrypt; off unless set',
    { secret: { minChars: 32, isList: true, secretIn: (part) => part.replace(KEY_ID, '') } },
  ),
  PAYLOAD_ENCRYPTION_KEY_ID: variable(
    z.string().min(1, 'the id of a key').optional(),
    '',
    'id of the key that encrypts instead of the first; `none`: they only decrypt (docs/encryption.md)',
  ),
} as const satisfies Variables;

/** Checks the named key: one that is not in the ring could not encrypt. */
export function keyIdProblem({
  PAYLOAD_ENCRYPTION_KEYS: keys,
  PAYLOAD_ENCRYPTION_KEY_ID: keyId,
}: {
  readonly PAYLOAD_ENCRYPTION_KEYS?: readonly { readonly id: string }[];
  readonly PAYLOAD_ENCRYPTION_KEY_ID?: string | undefined;
}): string | null {
  if (keys === undefined || keyId === undefined || keyId === NO_KEY) return null;
  if (keys.some(({ id }) => id === keyId)) return null;
  return `PAYLOAD_ENCRYPTION_KEY_ID: expected the id of a key in PAYLOAD_ENCRYPTION_KEYS, or ${NO_KEY}`;
}
