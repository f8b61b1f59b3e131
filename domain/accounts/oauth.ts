import type { OauthProvider } from './sessions.ts';

/** Somebody, as a provider tells of them. */
export interface OauthIdentity {
  /** Who they are at the provider, for good. */
  readonly subject: string;
  readonly email: string | null;
  /** Whether the provider says that it knows the address to be theirs. */
  readonly isEmailVerified: boolean;
  readonly name: string | null;
}

/** What opens somebody's account at a provider to us. */
export interface OauthTokens {
  readonly accessToken: string;
  /** Null: the provider gave none, and one of before stays good. */
  readonly refreshToken: string | null;
  readonly scopes: readonly string[];
  /** Null: for good. */
  readonly expiresInMs: number | null;
}

/** The secrets of one way to a provider and back. */
export interface OauthAttempt {
  readonly state: string;
  readonly codeVerifier: string;
  readonly nonce: string;
  /** Where the provider sends the browser back to. */
  readonly redirectUri: string;
}

/** A failure is one of the provider or of the way to it; its code is a word without anything of the person. */
export interface OauthFailure {
  readonly kind: 'failed';
  readonly code: string;
}

/** `denied`: the person, or the provider for them, said no. */
export type OauthResult =
  | { readonly kind: 'known'; readonly identity: OauthIdentity; readonly tokens: OauthTokens }
  | { readonly kind: 'denied' }
  | OauthFailure;

export type OauthRenewal =
  | { readonly kind: 'renewed'; readonly tokens: OauthTokens }
  /** The refresh token is not good any more. */
  | { readonly kind: 'denied' }
  | OauthFailure;

/** What a provider made of being asked to forget its tokens of somebody. */
export type OauthRevocation =
  /** They open nothing any more, or did not before. */
  | { readonly kind: 'revoked' }
  /** The provider has no call for it. */
  | { readonly kind: 'unsupported' }
  | { readonly kind: 'refused'; readonly code: string }
  | OauthFailure;

/** A provider that people may sign in by; the roots make one of it that speaks OAuth. Nothing of it throws. */
export interface OauthClient {
  /** Where the browser goes to. */
  begin(attempt: OauthAttempt): Promise<{ readonly kind: 'begun'; readonly url: string } | OauthFailure>;
  /** `answer`: the query that the browser came back with. */
  finish(attempt: OauthAttempt, answer: string): Promise<OauthResult>;
  refresh(refreshToken: string): Promise<OauthRenewal>;
  /** Repeatable. */
  revoke(tokens: {
    readonly accessToken: string | null;
    readonly refreshToken: string | null;
  }): Promise<OauthRevocation>;
}

/** Those that are switched on. */
export type OauthClients = Readonly<Partial<Record<OauthProvider, OauthClient>>>;
