import { createRoute, z } from '@hono/zod-openapi';
import { unlinkProvider as unlinkProviderVerb } from '../../db/accounts/index.ts';
import { actorOf, defineRoute, fails, jsonBody, OWN_ACCOUNT, WITH_BODY } from '../kernel/index.ts';
import { ownAccount } from '../middleware/access.ts';
import { Password } from './fields-view.ts';
import { ProviderParams, providerOf } from './oauth-way.ts';
import { reauthenticate, REAUTHENTICATED } from './reauthenticate.ts';
import { inSession, readOwnUser } from './signed-in-view.ts';

const Body = z
  .strictObject({
    password: Password.optional().openapi({
      description: 'Left out by who has none; then a sign-in of the last ten minutes counts',
    }),
  })
  .openapi('UnlinkProvider');

const route = createRoute({
  method: 'delete',
  path: '/users/me/oauth/{provider}',
  operationId: 'unlinkProvider',
  summary: 'Unlink another provider',
  description: 'One that is not linked stays so. The last way to sign in is kept.',
  tags: ['Account'],
  ...ownAccount(),
  request: { params: ProviderParams, body: jsonBody(Body) },
  responses: {
    204: { description: 'It opens your account no more' },
    ...fails(
      ...OWN_ACCOUNT,
      ...WITH_BODY,
      ...REAUTHENTICATED,
      'oauth_provider_unknown',
      'last_sign_in_method',
    ),
  },
});

export const unlinkProvider = defineRoute(route, async (c) => {
  const provider = providerOf(c.req.valid('param').provider);
  const { password } = c.req.valid('json');
  const user = await readOwnUser(c);
  await reauthenticate(c, user, password);
  await unlinkProviderVerb(c.var.deps.db, inSession(c), provider, actorOf(c));
  return c.body(null, 204);
});
