import { z } from 'zod';
import type { SigningKey } from '../domain/accounts/index.ts';
import { type EncryptionKey, NO_KEY } from '../domain/kernel/index.ts';
import { variable, type Variables } from './variable.ts';

const KEY_BYTES = 32;
const KEY_RING = `id:key pairs, comma-separated, each key ${KEY_BYTES} bytes in base64 under an id of its own (not ${NO_KEY})`;
/** A ring of keys: all decrypt, one encrypts (see the variable with its id). The message never repeats a key. */
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

const RING_RULES = {
  secret: { minChars: 32, isList: true, secretIn: (part: string) => part.replace(KEY_ID, '') },
  inProduction: (given: string) =>
    given.split(',').some(isOfText)
      ? 'keys of random bytes, not text such as the key of the embedded stack'
      : null,
} as const;

/** Of 32 random bytes at least one is no printable character, but in one of 10^13 keys. */
const isOfText = (part: string): boolean => {
  const key = readKey(part.trim());
  return key !== null && key.secret.every((byte) => byte >= 0x20 && byte < 0x7f);
};

const anyKeyId = () => z.string().min(1, 'the id of a key').optional();

/** Encryption by keys of our own: of payloads in Temporal, and of what is personal in the database. */
export const ENCRYPTION_VARIABLES = {
  PAYLOAD_ENCRYPTION_KEYS: variable(
    keyRing(),
    '',
    'keys of payloads in Temporal, `id:base64` comma-separated: the first encrypts, all decrypt; off unless set',
    RING_RULES,
  ),
  PAYLOAD_ENCRYPTION_KEY_ID: variable(
    anyKeyId(),
    '',
    'id of the key that encrypts instead of the first; `none`: they only decrypt (docs/encryption.md)',
  ),
  PERSONAL_DATA_KEYS: variable(
    keyRing(),
    '',
    'keys that wrap the key of each person, `id:base64` comma-separated: the first wraps, all unwrap (docs/encryption.md)',
    RING_RULES,
  ),
  PERSONAL_DATA_KEY_ID: variable(anyKeyId(), '', 'id of the key that wraps instead of the first'),
} as const satisfies Variables;

interface Rings {
  readonly PAYLOAD_ENCRYPTION_KEYS?: readonly { readonly id: string }[];
  readonly PAYLOAD_ENCRYPTION_KEY_ID?: string | undefined;
  readonly PERSONAL_DATA_KEYS?: readonly { readonly id: string }[];
  readonly PERSONAL_DATA_KEY_ID?: string | undefined;
  readonly JWT_SIGNING_KEYS?: readonly { readonly id: string }[];
  readonly JWT_SIGNING_KEY_ID?: string | undefined;
}

/** Checks the named keys: one that is not in its ring could not encrypt or sign. */
export const keyIdProblems = (rings: Rings): readonly string[] => [
  ...keyIdProblem('PAYLOAD_ENCRYPTION_KEYS', rings.PAYLOAD_ENCRYPTION_KEYS, {
    name: 'PAYLOAD_ENCRYPTION_KEY_ID',
    keyId: rings.PAYLOAD_ENCRYPTION_KEY_ID,
    mayBeNone: true,
  }),
  ...keyIdProblem('PERSONAL_DATA_KEYS', rings.PERSONAL_DATA_KEYS, {
    name: 'PERSONAL_DATA_KEY_ID',
    keyId: rings.PERSONAL_DATA_KEY_ID,
    mayBeNone: false,
  }),
  ...keyIdProblem('JWT_SIGNING_KEYS', rings.JWT_SIGNING_KEYS, {
    name: 'JWT_SIGNING_KEY_ID',
    keyId: rings.JWT_SIGNING_KEY_ID,
    mayBeNone: true,
  }),
];

function keyIdProblem(
  ring: string,
  keys: readonly { readonly id: string }[] | undefined,
  { name, keyId, mayBeNone }: { name: string; keyId: string | undefined; mayBeNone: boolean },
): readonly string[] {
  if (keys === undefined || keyId === undefined || (mayBeNone && keyId === NO_KEY)) return [];
  if (keys.some(({ id }) => id === keyId)) return [];
  return [`${name}: expected the id of a key in ${ring}${mayBeNone ? `, or ${NO_KEY}` : ''}`];
}

/** A key in both rings would open both by the theft of one. */
export function sharedKeyProblems({
  PAYLOAD_ENCRYPTION_KEYS: payload = [],
  PERSONAL_DATA_KEYS: personal = [],
  JWT_SIGNING_KEYS: signing = [],
}: {
  readonly PAYLOAD_ENCRYPTION_KEYS?: readonly EncryptionKey[];
  readonly PERSONAL_DATA_KEYS?: readonly EncryptionKey[];
  readonly JWT_SIGNING_KEYS?: readonly SigningKey[];
}): readonly string[] {
  const isIn = (ring: readonly EncryptionKey[], secret: Uint8Array) =>
    ring.some((key) => Buffer.compare(key.secret, secret) === 0);
  const signingSecrets = signing.map(({ privateJwk }) => Buffer.from(privateJwk.d, 'base64url'));
  return [
    ...(personal.some(({ secret }) => isIn(payload, secret))
      ? ['PERSONAL_DATA_KEYS: expected keys of its own, none of PAYLOAD_ENCRYPTION_KEYS']
      : []),
    ...(signingSecrets.some((secret) => isIn([...payload, ...personal], secret))
      ? ['JWT_SIGNING_KEYS: expected keys of its own, none of PAYLOAD_ENCRYPTION_KEYS or PERSONAL_DATA_KEYS']
      : []),
  ];
}
