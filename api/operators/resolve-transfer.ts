import { createRoute, z } from '@hono/zod-openapi';
import { RESOLUTIONS } from '../../db/marketplace/index.ts';
import { transferResolutions } from '../../operations/marketplace/index.ts';
import {
  IdempotencyHeaders,
  fails,
  FOR_ROLES,
  REPEATABLE,
  WITH_BODY,
  defineRoute,
  json,
  jsonBody,
  idParam,
  reason,
} from '../kernel/index.ts';
import { onlyRoles } from '../middleware/access.ts';
import { AWAITS, Awaits, operate } from '../approvals/index.ts';
import { showTransfer, Transfer } from '../marketplace/index.ts';

const Params = z.object({ transferId: idParam('transferId') });
const Body = z.strictObject({ resolution: z.enum(RESOLUTIONS), reason: reason() }).openapi('ResolveTransfer');

const route = createRoute({
  method: 'post',
  path: '/admin/transfers/{transferId}/resolve',
  operationId: 'resolveTransfer',
  summary: 'End a transfer that can never be sent',
  description:
    '`settled_outside`: the seller was paid some other way. `written_off`: nobody will be paid it; it stays with the platform.',
  tags: ['Operations'],
  ...onlyRoles('admin'),
  request: { params: Params, headers: IdempotencyHeaders, body: jsonBody(Body) },
  responses: {
    200: json(z.object({ transfer: Transfer }), 'The transfer as it is now'),
    202: json(Awaits, AWAITS),
    ...fails(...FOR_ROLES, ...WITH_BODY, ...REPEATABLE, 'transfer_not_found', 'transfer_not_resolvable'),
  },
});

export const resolveTransfer = defineRoute(route, async (c) => {
  const { transferId } = c.req.valid('param');
  const body = c.req.valid('json');
  const call = { operationId: route.operationId, subjectId: transferId, body };
  const operation = transferResolutions[body.resolution];
  const answer = await operate(c, operation, call, showTransfer);
  if ('awaits' in answer) return c.json({ approval: answer.awaits }, 202);
  return c.json({ transfer: answer.shown }, 200);
});
