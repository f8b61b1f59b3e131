import { z } from '@hono/zod-openapi';
import { RESOLUTIONS } from '../../db/marketplace/index.ts';
import { transferResolutions } from '../../operations/marketplace/index.ts';
import { defineRoute, jsonBody, idParam, reason } from '../kernel/index.ts';
import { doneOrAwaits, operate, operatorRoute } from '../approvals/index.ts';
import { showTransfer, Transfer } from '../marketplace/index.ts';

const Params = z.object({ transferId: idParam('transferId') });
const Body = z.strictObject({ resolution: z.enum(RESOLUTIONS), reason: reason() }).openapi('ResolveTransfer');

const route = operatorRoute({
  path: '/admin/transfers/{transferId}/resolve',
  operationId: 'resolveTransfer',
  summary: 'End a transfer that can never be sent',
  description:
    '`settled_outside`: the seller was paid some other way. `written_off`: nobody will be paid it; it stays with the platform.',
  request: { params: Params, body: jsonBody(Body) },
  responses: doneOrAwaits(z.object({ transfer: Transfer }), 'The transfer as it is now'),
  actions: Object.values(transferResolutions),
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
