import { createRoute, z } from '@hono/zod-openapi';
import { reject } from '../../operations/approvals.ts';
import {
  actorOf,
  fails,
  FOR_ROLES,
  WITH_BODY,
  defineRoute,
  json,
  jsonBody,
  idParam,
  reason,
} from '../kernel/index.ts';
import { onlyRoles } from '../middleware/access.ts';
import { operationsOf } from './operate.ts';
import { Approval, showApproval } from './approval-view.ts';

const Params = z.object({ approvalId: idParam('approvalId') });
const Body = z.strictObject({ reason: reason() }).openapi('Rejection');

const route = createRoute({
  method: 'post',
  path: '/admin/approvals/{approvalId}/reject',
  operationId: 'rejectAction',
  summary: 'Say no to what another admin asked for, or take back what you asked for',
  tags: ['Operations'],
  ...onlyRoles('admin'),
  request: { params: Params, body: jsonBody(Body) },
  responses: {
    200: json(z.object({ approval: Approval }), 'The approval as it is now'),
    ...fails(...FOR_ROLES, ...WITH_BODY, 'approval_not_found', 'approval_ended'),
  },
});

export const rejectAction = defineRoute(route, async (c) => {
  const act = { ...actorOf(c), ...c.req.valid('json') };
  const approval = await reject(operationsOf(c), c.req.valid('param').approvalId, act);
  return c.json({ approval: showApproval(approval) }, 200);
});
