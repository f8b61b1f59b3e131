import { createRoute, z } from '@hono/zod-openapi';
import { approve } from '../../operations/approvals.ts';
import {
  actorOf,
  fails,
  FOR_ROLES,
  WITH_BODY,
  defineRoute,
  json,
  optionalJsonBody,
  idParam,
  Note,
  reason,
} from '../kernel/index.ts';
import { inPerson, onlyRoles } from '../middleware/access.ts';
import { emptyBodyIsNone } from '../middleware/empty-body.ts';
import { operationsOf } from './operate.ts';
import { Approval, showApproval } from './approval-view.ts';

const Params = z.object({ approvalId: idParam('approvalId') });
const Body = z.strictObject({ reason: reason().optional() }).openapi('Decision');

const access = inPerson(onlyRoles('admin'));
const route = createRoute({
  method: 'post',
  path: '/admin/approvals/{approvalId}/approve',
  operationId: 'approveAction',
  summary: 'Agree to what another admin asked for: it is done at once',
  description:
    'Once, by somebody else than who asked, with a bearer token (not an API key), and only where nothing has changed since. Repeated by the same admin, it answers the same. Where the engine could not be told within a minute (`told_at` is null), any admin may repeat it.',
  tags: ['Operations'],
  ...access,
  middleware: [...access.middleware, emptyBodyIsNone],
  request: { params: Params, body: optionalJsonBody(Body) },
  responses: {
    200: json(
      z.object({
        approval: Approval,
        note: Note,
      }),
      'It is done',
    ),
    ...fails(
      ...FOR_ROLES,
      ...WITH_BODY,
      'second_admin_required',
      'person_required',
      'approval_not_found',
      'approval_ended',
      'approval_outdated',
      'reversal_not_retryable',
      'refund_known_to_psp',
      'psp_unreadable',
    ),
  },
});

export const approveAction = defineRoute(route, async (c) => {
  const why = c.req.valid('json').reason;
  c.set('mayStillBeCarriedOut', true);
  const act = { ...actorOf(c), ...(why !== undefined && { reason: why }) };
  const { approval, note } = await approve(operationsOf(c), c.req.valid('param').approvalId, act);
  return c.json({ approval: showApproval(approval), note }, 200);
});
