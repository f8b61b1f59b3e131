import { createRoute, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { linkProvider, type OauthWay, signInByProvider, takeOauth } from '../../db/accounts/index.ts';
import { VezaError } from '../../domain/errors.ts';
import type { ApiEnv } from '../context.ts';
import { defineRoute, fails, fromOf, SIGNING_IN } from '../kernel/index.ts';
import { signingIn } from '../middleware/access.ts';
import { oauthSecret } from '../middleware/session-cookie.ts';
import { callbackOf, clientFor, failed, ProviderParams } from './oauth-way.ts';

const route = createRoute({
  method: 'get',
  path: '/auth/oauth/{provider}/callback',
  operationId: 'finishOauth',
  summary: 'Where a provider sends the browser back to',
  description:
    'A way is gone once, in ten minutes, by the browser that began it. No token stands in an address: the code is good for 60 seconds, once, in this browser.',
  tags: ['Account'],
  ...signingIn(),
  request: { params: ProviderParams, query: z.looseObject({ state: z.string().max(200).optional() }) },
  responses: {
    302: {
      description:
        'Back to `redirect_url`, with `#code=…`, `#linked=…`, or `#error=` and one of `oauth_denied`, `oauth_failed`, `account_exists`, `account_disabled`, `session_ended`',
    },
    ...fails(
      ...SIGNING_IN,
      'validation_failed',
      'oauth_provider_unknown',
      'oauth_state_invalid',
      'personal_data_unreadable',
    ),
  },
});

export const finishOauth = defineRoute(route, async (c) => {
  const [provider] = clientFor(c, c.req.valid('param').provider);
  const { state } = c.req.valid('query');
  const browser = oauthSecret(c);
  const way =
    state === undefined || browser === undefined
      ? null
      : await takeOauth(c.var.deps.db, provider, { state, browser });
  if (way === null || state === undefined || browser === undefined) {
    throw new VezaError('oauth_state_invalid', 'Begin again, in this browser.');
  }
  c.header('Cache-Control', 'no-store');
  const fragment = await comeBack(c, way, { state, browser }).catch((error: unknown) => {
    // The browser goes back to the shop, which says it to the person.
    if (error instanceof VezaError) return new URLSearchParams({ error: error.code });
    throw error;
  });
  return c.redirect(`${way.redirectUrl}#${fragment.toString()}`, 302);
});

/** What the shop is told. Throws what became of it as the problem that a route would answer. */
async function comeBack(
  c: Context<ApiEnv>,
  { provider, userId, sessionId, codeVerifier, nonce }: OauthWay,
  { state, browser }: { readonly state: string; readonly browser: string },
): Promise<URLSearchParams> {
  const { db } = c.var.deps;
  const [, client] = clientFor(c, provider);
  const attempt = { state, codeVerifier, nonce, redirectUri: callbackOf(c, provider) };
  const result = await client.finish(attempt, new URL(c.req.url).search.slice(1));
  if (result.kind === 'denied') throw new VezaError('oauth_denied', 'The provider let nobody in.');
  if (result.kind === 'failed') throw failed(c, provider, result);
  const back = { provider, identity: result.identity, tokens: result.tokens };
  if (userId !== null) {
    await linkProvider(db, { userId, sessionId }, back, { ...fromOf(c), actor: userId });
    return new URLSearchParams({ linked: provider });
  }
  return new URLSearchParams({ code: await signInByProvider(db, { ...back, browser }, fromOf(c)) });
}
