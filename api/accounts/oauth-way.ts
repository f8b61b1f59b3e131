import { randomBytes } from 'node:crypto';
import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { beginOauth } from '../../db/accounts/index.ts';
import {
  mayRedirectTo,
  OAUTH_PROVIDERS,
  type OauthClient,
  type OauthFailure,
  type OauthProvider,
} from '../../domain/accounts/index.ts';
import { VezaError } from '../../domain/errors.ts';
import type { ApiEnv } from '../context.ts';
import { bindOauth } from '../middleware/session-cookie.ts';

export const ProviderParams = z.object({
  provider: z
    .string()
    .max(20)
    .openapi({ description: `One of ${OAUTH_PROVIDERS.join(', ')}; those that are switched on` }),
});

export const RedirectUrl = z.string().max(2_000).openapi({
  description:
    'Where the browser comes back to: the shop, or https at one of the hosts that the operator lets in. The shop by default',
});

/** Throws `oauth_provider_unknown`. */
export function providerOf(name: string): OauthProvider {
  const known = OAUTH_PROVIDERS.find((one) => one === name);
  if (known === undefined) throw unknown(name);
  return known;
}

/** A provider that is switched on. Throws `oauth_provider_unknown`. */
export function clientFor(c: Context<ApiEnv>, name: string): readonly [OauthProvider, OauthClient] {
  const provider = providerOf(name);
  const client = c.var.deps.oauth[provider];
  if (client === undefined) throw unknown(name);
  return [provider, client];
}

const unknown = (name: string) =>
  new VezaError('oauth_provider_unknown', `Nobody signs in by "${name}" here.`);

const SECRET_BYTES = 32;
const secret = () => randomBytes(SECRET_BYTES).toString('base64url');

/**
 * Begins a way to a provider, bound to this browser, and returns the address to go to. Throws `oauth_provider_unknown`,
 * `redirect_not_allowed` before anything is stored, and `oauth_failed`.
 */
export async function beginWay(
  c: Context<ApiEnv>,
  {
    provider: name,
    redirectUrl: given,
    userId,
    sessionId,
  }: {
    readonly provider: string;
    readonly redirectUrl: string | undefined;
    /** Who links their account, and in which session; null: somebody signs in. */
    readonly userId: string | null;
    readonly sessionId: string | null;
  },
): Promise<string> {
  const { db, config } = c.var.deps;
  const [provider, client] = clientFor(c, name);
  const redirectUrl = given ?? config.APP_URL;
  if (!mayRedirectTo(redirectUrl, { appUrl: config.APP_URL, hosts: config.OAUTH_ALLOWED_REDIRECT_DOMAINS })) {
    throw new VezaError('redirect_not_allowed', 'No browser is sent to this redirect_url with a code.');
  }
  const [state, codeVerifier, nonce] = [secret(), secret(), secret()];
  const begun = await client.begin({ state, codeVerifier, nonce, redirectUri: callbackOf(c, provider) });
  if (begun.kind === 'failed') throw failed(c, provider, begun);
  const browser = bindOauth(c);
  await beginOauth(db, { provider, userId, sessionId, codeVerifier, nonce, redirectUrl }, { state, browser });
  c.header('Cache-Control', 'no-store');
  return begun.url;
}

/** Where a provider sends the browser back to: as it is registered there. */
export const callbackOf = (c: Context<ApiEnv>, provider: OauthProvider): string =>
  `${c.var.deps.config.API_URL}/api/v1/auth/oauth/${provider}/callback`;

/** Notes why, by a word without anything of the person. */
export function failed(c: Context<ApiEnv>, provider: OauthProvider, { code }: OauthFailure): VezaError {
  c.var.log.warn({ provider, code }, 'a provider of sign-ins failed');
  return new VezaError('oauth_failed', 'The provider failed, or cannot be reached: try again.');
}
