import { createRoute, z } from '@hono/zod-openapi';
import { retryReversal as operation } from '../../operations/actions/retry-reversal.ts';
import { IdempotencyHeaders } from '../idempotency.ts';
import { onlyRoles } from '../middleware/access.ts';
import { emptyBodyIsNone } from '../middleware/empty-body.ts';
import { AWAITS, Awaits, operate } from '../operate.ts';
import { fails, FOR_ROLES, REPEATABLE, WITH_BODY } from '../problem.ts';
import { defineRoute, json, optionalJsonBody } from '../route.ts';
import { idParam } from '../views/fields.ts';
import { Reversal, showReversal } from '../views/reversal.ts';

const Params = z.object({ reversalId: idParam('reversalId') });
const Body = z.strictObject({ reason: z.string().trim().min(1).max(500).optional() }).openapi('RetryRequest');

const access = onlyRoles('admin');
const route = createRoute({
  method: 'post',
  path: '/admin/reversals/{reversalId}/retry',
  operationId: 'retryReversal',
  summary: 'Take a transfer back again, now',
  description: 'An open one is tried at once. One that failed for good gets a successor, for a reason.',
  tags: ['Operations'],
  ...access,
  middleware: [...access.middleware, emptyBodyIsNone],
  request: { params: Params, headers: IdempotencyHeaders, body: optionalJsonBody(Body) },
  responses: {
    202: json(
      z.union([z.object({ reversal: Reversal }), Awaits]),
      `The reversal that is tried: the same one, or its successor. ${AWAITS}`,
    ),
    ...fails(...FOR_ROLES, ...WITH_BODY, ...REPEATABLE, 'reversal_not_found', 'reversal_not_retryable'),
  },
});

export const retryReversal = defineRoute(route, async (c) => {
  const { reversalId } = c.req.valid('param');
  const call = {
    operationId: route.operationId,
    subjectId: reversalId,
    body: c.req.valid('json'),
  };
  const answer = await operate(c, operation, call, showReversal);
  return c.json('awaits' in answer ? { approval: answer.awaits } : { reversal: answer.shown }, 202);
});
