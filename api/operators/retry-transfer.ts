import { z } from '@hono/zod-openapi';
import { retryTransfer as operation } from '../../operations/marketplace/index.ts';
import { defineRoute, optionalJsonBody, idParam } from '../kernel/index.ts';
import { operate, operatorRoute, startedOrAwaits } from '../approvals/index.ts';
import { showTransfer, Transfer } from '../marketplace/index.ts';

const Params = z.object({ transferId: idParam('transferId') });
const Body = z.strictObject({ reason: z.string().trim().min(1).max(500).optional() }).openapi('RetryRequest');

const route = operatorRoute({
  path: '/admin/transfers/{transferId}/retry',
  operationId: 'retryTransfer',
  summary: 'Send a transfer again, now',
  description: 'A failed one is tried at once. One that failed for good gets a successor, for a reason.',
  request: { params: Params, body: optionalJsonBody(Body) },
  responses: startedOrAwaits(
    z.object({ transfer: Transfer }),
    'The transfer that is tried: the same one, or its successor.',
  ),
  actions: [operation],
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
