import { createRoute, z } from '@hono/zod-openapi';
import { requestReversalRetry } from '../../db/verbs/request-reversal-retry.ts';
import { actorOf } from '../actor.ts';
import { IdempotencyHeaders } from '../idempotency.ts';
import { onlyRoles } from '../middleware/access.ts';
import { emptyBodyIsNone } from '../middleware/empty-body.ts';
import { actOnce } from '../operator-key.ts';
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
    202: json(z.object({ reversal: Reversal }), 'The reversal that is tried: the same one, or its successor'),
    ...fails(...FOR_ROLES, ...WITH_BODY, ...REPEATABLE, 'reversal_not_found', 'reversal_not_retryable'),
  },
});

export const retryReversal = defineRoute(route, async (c) => {
  const { engine } = c.var.deps;
  const { reversalId } = c.req.valid('param');
  const body = c.req.valid('json');
  c.set('mayStillBeCarriedOut', true);
  const call = { operationId: route.operationId, subjectId: reversalId, body };
  const { shown, work } = await actOnce(c, call, async (db) => {
    const { reason } = body;
    const ask = { reversalId, ...actorOf(c), ...(reason !== undefined && { reason }) };
    const retried = await requestReversalRetry(db, ask);
    const { orderId, sellerId, currency } = retried.work;
    return {
      shown: showReversal({ ...retried.reversal, orderId, sellerId, currency }),
      work: retried.work,
    };
  });
  await engine.retryReversal(work);
  return c.json({ reversal: shown }, 202);
});
