import { createRoute } from '@hono/zod-openapi';
import { turnOff } from '../../db/accounts/index.ts';
import { actorOf, defineRoute, fails, jsonBody, OWN_ACCOUNT, WITH_BODY } from '../kernel/index.ts';
import { ownAccount } from '../middleware/access.ts';
import { BothFactors, PROVED_BY_BOTH, proveSecondFactor } from './second-factor-code.ts';
import { reauthenticate } from './reauthenticate.ts';
import { inSession, readOwnUser } from './signed-in-view.ts';

const Body = BothFactors.openapi('TurnOffTwoFactor');

const route = createRoute({
  method: 'delete',
  path: '/users/me/two-factor',
  operationId: 'turnOffTwoFactor',
  summary: 'Turn the second factor off',
  description: 'All your other sessions end.',
  tags: ['Account'],
  ...ownAccount(),
  request: { body: jsonBody(Body) },
  responses: {
    204: { description: 'A password is enough from now on' },
    ...fails(...OWN_ACCOUNT, ...WITH_BODY, ...PROVED_BY_BOTH),
  },
});

export const turnOffTwoFactor = defineRoute(route, async (c) => {
  const { password, code } = c.req.valid('json');
  const user = await readOwnUser(c);
  await reauthenticate(c, user, password);
  await proveSecondFactor(c, user.id, code);
  await turnOff(c.var.deps.db, inSession(c), actorOf(c));
  return c.body(null, 204);
});
