import {
  createPrivateKey,
  createPublicKey,
  type JsonWebKey,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';
import { z } from 'zod';
import type { SigningAlgorithm, SigningKey } from '../domain/accounts/index.ts';
import { NO_KEY } from '../domain/kernel/index.ts';
import { unguessedChars } from './secret-strength.ts';
import { variable, type Variables } from './variable.ts';

/** NIST SP 800-57 allows no shorter one any more. */
const RSA_MIN_BITS = 2048;
/** A third of a generated key of 32 bytes, as other secrets are weighed. */
const UNGUESSED_MIN = 14;

const SIGNING_KEYS = `private JWKs that sign by RS256 (${RSA_MIN_BITS} bits or more), ES256 or EdDSA, each in base64, comma-separated, or a JWK Set as JSON; each once, under a kid of its own (not ${NO_KEY})`;

const Jwk = z.looseObject({
  kty: z.string(),
  kid: z.string().regex(/^[\w.-]{1,64}$/),
  alg: z.string().optional(),
  use: z.literal('sig').optional(),
  d: z.string().min(1),
});
const JwkSet = z.object({ keys: z.array(z.unknown()) });

/** The message never repeats a key. */
const signingKeys = () =>
  z
    .string()
    .default('')
    .transform((value, context) => {
      const keys = readKeys(value);
      const isSound =
        keys !== null &&
        new Set(keys.map(({ id }) => id)).size === keys.length &&
        new Set(keys.map(({ privateJwk: { d } }) => d)).size === keys.length;
      if (isSound) return keys;
      context.addIssue({ code: 'custom', message: SIGNING_KEYS });
      return z.NEVER;
    });

/** Null where one of them is no key that could sign. */
function readKeys(value: string): readonly SigningKey[] | null {
  try {
    const texts = /^\s*[{[]/.test(value)
      ? [value]
      : value
          .split(',')
          .filter((part) => part.trim() !== '')
          .map((part) => Buffer.from(part.trim(), 'base64').toString('utf8'));
    return texts.flatMap((text) => jwksIn(JSON.parse(text))).map(readKey);
  } catch {
    return null;
  }
}

/** Of a set, of a list, or of one. */
function jwksIn(given: unknown): readonly unknown[] {
  const set = JwkSet.safeParse(given);
  if (set.success) return set.data.keys;
  return Array.isArray(given) ? given : [given];
}

/** Throws where it is none that signs as its `alg` says, or where its halves do not belong together. */
function readKey(given: unknown): SigningKey {
  const jwk = Jwk.parse(given);
  const privateKey = createPrivateKey({ key: jwk as JsonWebKey, format: 'jwk' });
  const publicKey = createPublicKey(privateKey);
  const algorithm = algorithmOf(privateKey);
  if (jwk.kid === NO_KEY || algorithm === undefined || (jwk.alg !== undefined && jwk.alg !== algorithm))
    throw new Error('a key for something else');
  const digest = algorithm === 'EdDSA' ? null : 'sha256';
  const text = Buffer.from(jwk.kid);
  if (!verify(digest, text, publicKey, sign(digest, text, privateKey)))
    throw new Error('halves of two key pairs');
  const named = { kid: jwk.kid, alg: algorithm, use: 'sig' } as const;
  const { kty = '', ...parts } = publicKey.export({ format: 'jwk' });
  const publicJwk = { kty, ...parts, ...named };
  const { d } = jwk;
  return {
    id: jwk.kid,
    algorithm,
    publicJwk,
    privateJwk: { ...privateKey.export({ format: 'jwk' }), kty, d, ...named },
  };
}

function algorithmOf({ asymmetricKeyType: type, asymmetricKeyDetails: details }: KeyObject) {
  const algorithms: Readonly<Record<string, SigningAlgorithm | undefined>> = {
    rsa: (details?.modulusLength ?? 0) >= RSA_MIN_BITS ? 'RS256' : undefined,
    ec: details?.namedCurve === 'prime256v1' ? 'ES256' : undefined,
    ed25519: 'EdDSA',
  };
  return algorithms[type ?? ''];
}

/** A key that somebody typed, or that a test has. What is no key is refused by the schema. */
const weakIn = (given: string): string | null =>
  (readKeys(given) ?? []).some(({ privateJwk: { d } }) => unguessedChars(d) < UNGUESSED_MIN)
    ? 'keys that were generated, not one that could be guessed'
    : null;

/** Key pairs that sign access tokens, where accounts are ours (docs/encryption.md). */
export const SIGNING_KEYS_VARIABLES = {
  JWT_SIGNING_KEYS: variable(
    signingKeys(),
    '',
    'key pairs of access tokens, private JWKs in base64 comma-separated: the first signs, all verify (docs/encryption.md)',
    { inProduction: weakIn },
  ),
  JWT_SIGNING_KEY_ID: variable(
    z.string().min(1, 'the kid of a key').optional(),
    '',
    'kid of the key that signs instead of the first; `none`: JWT_SECRET signs, and the keys are only published',
  ),
} as const satisfies Variables;
