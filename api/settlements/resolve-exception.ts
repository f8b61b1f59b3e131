import { createRoute, z } from '@hono/zod-openapi';
import { resolveSettlementException as resolve } from '../../db/settlements/resolve-exception.ts';
import {
  actorOf,
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
import { actOnce } from '../approvals/index.ts';
import { showSettlementException, SettlementException } from './file-view.ts';

const Params = z.object({ exceptionId: idParam('exceptionId') });
const Body = z.strictObject({ reason: reason() }).openapi('ResolveStatementException');

const route = createRoute({
  method: 'post',
  path: '/admin/statement-exceptions/{exceptionId}/resolve',
  operationId: 'resolveStatementException',
  summary: 'Resolve a settlement exception',
  description: 'Moves no money. The last one clears the settlement file’s flag.',
  tags: ['Operations'],
  ...onlyRoles('admin'),
  request: { params: Params, headers: IdempotencyHeaders, body: jsonBody(Body) },
  responses: {
    200: json(z.object({ exception: SettlementException }), 'The exception as it is now'),
    ...fails(
      ...FOR_ROLES,
      ...WITH_BODY,
      ...REPEATABLE,
      'statement_exception_not_found',
      'statement_exception_resolved',
    ),
  },
});

export const resolveSettlementException = defineRoute(route, async (c) => {
  const { exceptionId } = c.req.valid('param');
  const body = c.req.valid('json');
  const call = { operationId: route.operationId, subjectId: exceptionId, body };
  const { shown } = await actOnce(c, call, async (tx) => {
    const resolved = await resolve(tx, { exceptionId, ...body, ...actorOf(c) });
    return { shown: showSettlementException(resolved), work: null };
  });
  return c.json({ exception: shown }, 200);
});
