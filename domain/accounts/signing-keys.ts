import { keyInUse } from '../kernel/index.ts';

/** What a key pair of ours may sign access tokens by (RFC 7518, RFC 8037). */
export const SIGNING_ALGORITHMS = ['RS256', 'ES256', 'EdDSA'] as const;
export type SigningAlgorithm = (typeof SIGNING_ALGORITHMS)[number];

export const isSigningAlgorithm = (alg: unknown): alg is SigningAlgorithm =>
  SIGNING_ALGORITHMS.some((known) => known === alg);

/** The public half of a key pair, as it is published (RFC 7517). */
export interface PublicJwk {
  readonly kty: string;
  readonly kid: string;
  readonly alg: SigningAlgorithm;
  readonly use: 'sig';
  /** Of curves. */
  readonly crv?: string;
  readonly x?: string;
  readonly y?: string;
  /** Of RSA. */
  readonly n?: string;
  readonly e?: string;
}

/** A key pair of the ring: its `id` is the `kid` of tokens. */
export interface SigningKey {
  readonly id: string;
  readonly algorithm: SigningAlgorithm;
  readonly publicJwk: PublicJwk;
  readonly privateJwk: PublicJwk & { readonly d: string };
}

/** What signs access tokens: a key pair of the ring, or the secret of HS256. */
export type Signer = SigningKey | string;

export interface SignerSettings {
  readonly JWT_SECRET: string | undefined;
  readonly JWT_SIGNING_KEYS: readonly SigningKey[];
  /** The `kid` of the one that signs, or `none`: the secret signs. Undefined: the first. */
  readonly JWT_SIGNING_KEY_ID: string | undefined;
}

/** Undefined where tokens are an identity provider's alone. */
export const signerOf = ({
  JWT_SECRET: secret,
  JWT_SIGNING_KEYS: keys,
  JWT_SIGNING_KEY_ID: keyId,
}: SignerSettings): Signer | undefined => keyInUse({ keys, keyId }) ?? secret;
