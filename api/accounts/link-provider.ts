import { createRoute, z } from '@hono/zod-openapi';
import { defineRoute, fails, json, jsonBody, OWN_ACCOUNT, WITH_BODY } from '../kernel/index.ts';
import { ownAccount } from '../middleware/access.ts';
import { Password } from './fields-view.ts';
import { beginWay, ProviderParams, RedirectUrl } from './oauth-way.ts';
import { reauthenticate, REAUTHENTICATED } from './reauthenticate.ts';
import { readOwnUser } from './signed-in-view.ts';

const Body = z
  .strictObject({
    password: Password.optional().openapi({
      description: 'Left out by who has none; then a sign-in of the last ten minutes counts',
    }),
    redirect_url: RedirectUrl.optional(),
  })
  .openapi('LinkProvider');

const route = createRoute({
  method: 'post',
  path: '/users/me/oauth/{provider}/link',
  operationId: 'linkProvider',
  summary: 'Link another provider, to sign in by it from then on',
  description:
    'Send this from the browser, with credentials, and let it go to the address. It comes back to `redirect_url#linked=…` or `#error=…`.',
  tags: ['Account'],
  ...ownAccount(),
  request: { params: ProviderParams, body: jsonBody(Body) },
  responses: {
    200: json(z.object({ authorization_url: z.url() }), 'Where the browser goes to'),
    ...fails(
      ...OWN_ACCOUNT,
      ...WITH_BODY,
      ...REAUTHENTICATED,
      'oauth_provider_unknown',
      'redirect_not_allowed',
      'oauth_failed',
      'personal_data_unreadable',
    ),
  },
});

export const linkProvider = defineRoute(route, async (c) => {
  const { provider } = c.req.valid('param');
  const { password, redirect_url: redirectUrl } = c.req.valid('json');
  const user = await readOwnUser(c);
  await reauthenticate(c, user, password);
  const way = { provider, redirectUrl, userId: user.id, sessionId: c.var.session?.id ?? null };
  return c.json({ authorization_url: await beginWay(c, way) }, 200);
});
