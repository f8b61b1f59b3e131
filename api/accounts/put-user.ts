import { createRoute, z } from '@hono/zod-openapi';
import { identityOf, ROLES } from '../../domain/accounts/index.ts';
import { VezaError } from '../../domain/errors.ts';
import { putUser as operation } from '../../operations/accounts/put-user.ts';
import { Approval, operationsOf, showApproval } from '../approvals/index.ts';
import {
  actorOf,
  defineRoute,
  fails,
  FOR_ROLES,
  idParam,
  json,
  jsonBody,
  reason,
  WITH_BODY,
} from '../kernel/index.ts';
import { onlyRoles } from '../middleware/access.ts';
import { NewAddress } from './fields-view.ts';
import { showUser, User } from './user-view.ts';

const Params = z.object({ userId: idParam('userId') });
const Body = z
  .strictObject({
    email: NewAddress,
    role: z.enum(ROLES),
    is_verified: z.boolean().openapi({ description: 'Whether the provider has confirmed the address' }),
    reason: reason()
      .optional()
      .openapi({ description: 'Why. Needed where the role admin is given or taken' }),
  })
  .openapi('UserToPut');

const route = createRoute({
  method: 'put',
  path: '/admin/users/{userId}',
  operationId: 'putUser',
  summary: 'Make or change the row of somebody whom an identity provider knows',
  description:
    'Repeatable: the same call changes nothing. All of it counts at once but giving or taking the role admin, which waits for a second admin; until then they have the role that the answer shows. Only with IDENTITY=external; elsewhere people register.',
  tags: ['Operations'],
  ...onlyRoles('admin'),
  request: { params: Params, body: jsonBody(Body) },
  responses: {
    200: json(z.object({ user: User }), 'The row stands so'),
    201: json(z.object({ user: User }), 'It was made'),
    202: json(z.object({ user: User, approval: Approval }), 'The role admin waits for another’s approval'),
    ...fails(...FOR_ROLES, ...WITH_BODY, 'not_found', 'account_exists', 'email_not_verified', 'last_admin'),
  },
});

export const putUser = defineRoute(route, async (c) => {
  if (identityOf(c.var.deps.config) === 'own') {
    throw new VezaError('not_found', 'People register here: there is no identity provider that knows them.');
  }
  const { email, role, is_verified: isVerified, reason: why } = c.req.valid('json');
  c.set('mayStillBeCarriedOut', true);
  const act = { ...actorOf(c), ...(why !== undefined && { reason: why }) };
  const asked = { id: c.req.valid('param').userId, email, role, isVerified };
  const { user: row, wasMade, awaits } = await operation(operationsOf(c), asked, act);
  const user = showUser(row);
  if (awaits !== null) return c.json({ user, approval: showApproval(awaits) }, 202);
  return c.json({ user }, wasMade ? 201 : 200);
});
