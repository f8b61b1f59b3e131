import { createRoute, z } from '@hono/zod-openapi';
import { defineRoute, fails, SIGNING_IN } from '../kernel/index.ts';
import { signingIn } from '../middleware/access.ts';
import { beginWay, ProviderParams, RedirectUrl } from './oauth-way.ts';

const route = createRoute({
  method: 'get',
  path: '/auth/oauth/{provider}',
  operationId: 'beginOauth',
  summary: 'Sign in by another provider',
  description:
    'For a browser to go to. It comes back to `redirect_url#code=…`, where the code is for POST /auth/oauth/exchange, or to `redirect_url#error=…` with the code of a problem.',
  tags: ['Account'],
  ...signingIn(),
  request: { params: ProviderParams, query: z.object({ redirect_url: RedirectUrl.optional() }) },
  responses: {
    302: { description: 'To the provider' },
    ...fails(
      ...SIGNING_IN,
      'validation_failed',
      'oauth_provider_unknown',
      'redirect_not_allowed',
      'oauth_failed',
      'personal_data_unreadable',
    ),
  },
});

export const beginOauth = defineRoute(route, async (c) => {
  const { provider } = c.req.valid('param');
  const { redirect_url: redirectUrl } = c.req.valid('query');
  return c.redirect(await beginWay(c, { provider, redirectUrl, userId: null, sessionId: null }), 302);
});
