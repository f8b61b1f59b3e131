import type { ProviderName } from './people.ts';

/** A step of the way: the page of the provider, its tokens, what it tells of the person, its keys, its description, its forgetting. */
export type OauthStep = 'authorize' | 'token' | 'person' | 'keys' | 'discovery' | 'revoke';

interface Target {
  readonly provider?: ProviderName;
  /** Once unless told. */
  readonly times?: number | 'always';
}

export type OauthFault = Target &
  (
    | /** The person says no: `access_denied`. */ { readonly kind: 'refuse' }
    | /** No answer ever. */ { readonly kind: 'stall'; readonly at: OauthStep }
    | /** An error of HTTP, 503 unless told. */ {
        readonly kind: 'fail';
        readonly at: OauthStep;
        readonly status?: number;
      }
    /** The code or the refresh token is refused: under 200 by GitHub, under 400 by all others. */
    | { readonly kind: 'invalidGrant' }
    /** The id_token is not what it should be: signed by a key that nobody publishes, or with another claim. */
    | { readonly kind: 'idToken'; readonly wrong: 'key' | 'nonce' | 'issuer' | 'audience' }
    /** The answer of the provider's page names another issuer (RFC 9207). */
    | { readonly kind: 'wrongIssuer' }
  );

type Kind = OauthFault['kind'];

/** The faults that are active, the oldest first. */
export class OauthFaults {
  #active: { readonly fault: OauthFault; left: number }[] = [];

  add(fault: OauthFault): void {
    const { times = 1 } = fault;
    this.#active.push({ fault, left: times === 'always' ? Infinity : times });
  }

  clear(): void {
    this.#active = [];
  }

  take<K extends Kind>(
    kind: K,
    provider: ProviderName,
    step?: OauthStep,
  ): Extract<OauthFault, { kind: K }> | undefined {
    const found = this.#active.find(
      ({ fault }) =>
        fault.kind === kind &&
        (fault.provider === undefined || fault.provider === provider) &&
        (!('at' in fault) || fault.at === step),
    );
    if (found === undefined) return undefined;
    found.left -= 1;
    if (found.left <= 0) this.#active = this.#active.filter((one) => one !== found);
    return found.fault as Extract<OauthFault, { kind: K }>;
  }
}
