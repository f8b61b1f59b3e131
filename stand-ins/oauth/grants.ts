import { createHash, randomBytes } from 'node:crypto';
import type { Dialect } from './dialects.ts';
import type { Person, ProviderName } from './people.ts';

const CODE_MS = 10 * 60 * 1000;

/** What somebody agreed to at a provider's page. */
export interface Grant {
  readonly provider: ProviderName;
  readonly person: Person;
  readonly redirectUri: string;
  readonly scopes: readonly string[];
  readonly challenge: string;
  readonly nonce: string | null;
  readonly isOffline: boolean;
}

/** Codes and tokens that are good, in memory. */
export class Grants {
  readonly #codes = new Map<string, Grant & { readonly untilMs: number }>();
  readonly #access = new Map<string, Grant>();
  readonly #refresh = new Map<string, Grant>();

  codeFor(grant: Grant): string {
    const code = made('code');
    this.#codes.set(code, { ...grant, untilMs: Date.now() + CODE_MS });
    return code;
  }

  /** A code is good once, for the address and the verifier that it was asked with (RFC 7636, S256). */
  redeem(provider: ProviderName, fields: Readonly<Record<string, string>>): Grant | null {
    const { code = '', redirect_uri: redirectUri, code_verifier: verifier = '' } = fields;
    const grant = this.#codes.get(code);
    if (grant === undefined || grant.provider !== provider) return null;
    this.#codes.delete(code);
    const isRight =
      grant.redirectUri === redirectUri &&
      grant.challenge === challengeOf(verifier) &&
      Date.now() < grant.untilMs;
    return isRight ? grant : null;
  }

  renew(provider: ProviderName, refreshToken: string, { rotates }: Dialect): Grant | null {
    const grant = this.#refresh.get(refreshToken);
    if (grant === undefined || grant.provider !== provider) return null;
    if (rotates) this.#refresh.delete(refreshToken);
    return grant;
  }

  tokensFor(grant: Grant, dialect: Dialect, isRenewal: boolean): { access: string; refresh: string | null } {
    const access = made('at');
    this.#access.set(access, grant);
    const gives =
      dialect.refreshToken === 'always' || (dialect.refreshToken === 'offline' && grant.isOffline);
    if (!gives || (isRenewal && !dialect.rotates)) return { access, refresh: null };
    const refresh = made('rt');
    this.#refresh.set(refresh, grant);
    return { access, refresh };
  }

  /** Every token of what somebody agreed to opens nothing any more. Whether the token was known. */
  revoke(provider: ProviderName, token: string): boolean {
    const gone = this.#access.get(token) ?? this.#refresh.get(token);
    if (gone === undefined || gone.provider !== provider) return false;
    for (const tokens of [this.#access, this.#refresh])
      for (const [each, grant] of tokens) if (grant === gone) tokens.delete(each);
    return true;
  }

  holderOf(provider: ProviderName, accessToken: string): Person | null {
    const grant = this.#access.get(accessToken);
    return grant?.provider === provider ? grant.person : null;
  }
}

const made = (kind: string) => `${kind}_${randomBytes(24).toString('base64url')}`;

const challengeOf = (verifier: string) => createHash('sha256').update(verifier).digest('base64url');
