import { createRoute, z } from '@hono/zod-openapi';
import { requestTransferRetry } from '../../db/verbs/request-transfer-retry.ts';
import { actorOf } from '../actor.ts';
import { onlyRoles } from '../middleware/access.ts';
import { emptyBodyIsNone } from '../middleware/empty-body.ts';
import { fails, FOR_ROLES, WITH_BODY } from '../problem.ts';
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
  request: { params: Params, body: optionalJsonBody(Body) },
  responses: {
    202: json(z.object({ transfer: Transfer }), 'The transfer that is tried: the same one, or its successor'),
    ...fails(...FOR_ROLES, ...WITH_BODY, 'transfer_not_found', 'transfer_not_retryable'),
  },
});

export const retryTransfer = defineRoute(route, async (c) => {
  const { db, engine } = c.var.deps;
  const { reason } = c.req.valid('json');
  c.set('mayStillBeCarriedOut', true);
  const { transfer, work } = await requestTransferRetry(db, {
    transferId: c.req.valid('param').transferId,
    ...actorOf(c),
    ...(reason !== undefined && { reason }),
  });
  await engine.retryTransfer(work);
  return c.json({ transfer: showTransfer(transfer) }, 202);
});
