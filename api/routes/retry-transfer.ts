import { createRoute, z } from '@hono/zod-openapi';
import { requestTransferRetry } from '../../db/verbs/request-transfer-retry.ts';
import { actorOf } from '../actor.ts';
import { IdempotencyHeaders } from '../idempotency.ts';
import { onlyRoles } from '../middleware/access.ts';
import { emptyBodyIsNone } from '../middleware/empty-body.ts';
import { actOnce } from '../operator-key.ts';
import { fails, FOR_ROLES, REPEATABLE, WITH_BODY } from '../problem.ts';
import { defineRoute, json, optionalJsonBody } from '../route.ts';
import { idParam } from '../views/fields.ts';
import { showTransfer, Transfer } from '../views/transfer.ts';

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
    202: json(z.object({ transfer: Transfer }), 'The transfer that is tried: the same one, or its successor'),
    ...fails(...FOR_ROLES, ...WITH_BODY, ...REPEATABLE, 'transfer_not_found', 'transfer_not_retryable'),
  },
});

export const retryTransfer = defineRoute(route, async (c) => {
  const { engine } = c.var.deps;
  const { transferId } = c.req.valid('param');
  const body = c.req.valid('json');
  c.set('mayStillBeCarriedOut', true);
  const call = { operationId: route.operationId, subjectId: transferId, body };
  const { shown, work } = await actOnce(c, call, async (db) => {
    const { reason } = body;
    const ask = { transferId, ...actorOf(c), ...(reason !== undefined && { reason }) };
    const retried = await requestTransferRetry(db, ask);
    return { shown: showTransfer(retried.transfer), work: retried.work };
  });
  await engine.retryTransfer(work);
  return c.json({ transfer: shown }, 202);
});
