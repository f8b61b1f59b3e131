import { createRoute, z } from '@hono/zod-openapi';
import { retryTransfer as operation } from '../../operations/marketplace/index.ts';
import {
  IdempotencyHeaders,
  fails,
  FOR_ROLES,
  REPEATABLE,
  WITH_BODY,
  defineRoute,
  json,
  optionalJsonBody,
  idParam,
} from '../kernel/index.ts';
import { onlyRoles } from '../middleware/access.ts';
import { emptyBodyIsNone } from '../middleware/empty-body.ts';
import { AWAITS, Awaits, operate } from '../approvals/index.ts';
import { showTransfer, Transfer } from '../marketplace/index.ts';

const Params = z.object({ transferId: idParam('transferId') });
const Body = z.strictObject({ reason: z.string().trim().min(1).max(500).optional() }).openapi('RetryRequest');

const access = onlyRoles('admin');
const route = createRoute({
  method: 'post',
  path: '/admin/transfers/{transferId}/retry',
  operationId: 'retryTransfer',
  summary: 'Send a transfer again, now',
  description: 'A failed one is tried at once. One that failed for good gets a successor, for a reason.',
  tags: ['Operations'],
  ...access,
  middleware: [...access.middleware, emptyBodyIsNone],
  request: { params: Params, headers: IdempotencyHeaders, body: optionalJsonBody(Body) },
  responses: {
    202: json(
      z.union([z.object({ transfer: Transfer }), Awaits]),
      `The transfer that is tried: the same one, or its successor. ${AWAITS}`,
    ),
    ...fails(...FOR_ROLES, ...WITH_BODY, ...REPEATABLE, 'transfer_not_found', 'transfer_not_retryable'),
  },
});

export const retryTransfer = defineRoute(route, async (c) => {
  const { transferId } = c.req.valid('param');
  const call = {
    operationId: route.operationId,
    subjectId: transferId,
    body: c.req.valid('json'),
  };
  const answer = await operate(c, operation, call, showTransfer);
  return c.json('awaits' in answer ? { approval: answer.awaits } : { transfer: answer.shown }, 202);
});
