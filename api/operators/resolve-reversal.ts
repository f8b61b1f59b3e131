import { z } from '@hono/zod-openapi';
import { RESOLUTIONS } from '../../db/marketplace/index.ts';
import { reversalResolutions } from '../../operations/marketplace/index.ts';
import { defineRoute, jsonBody, idParam, reason } from '../kernel/index.ts';
import { doneOrAwaits, operate, operatorRoute } from '../approvals/index.ts';
import { Reversal, showReversal } from '../marketplace/index.ts';

const Params = z.object({ reversalId: idParam('reversalId') });
const Body = z.strictObject({ resolution: z.enum(RESOLUTIONS), reason: reason() }).openapi('ResolveReversal');

const route = operatorRoute({
  path: '/admin/reversals/{reversalId}/resolve',
  operationId: 'resolveReversal',
  summary: 'End a reversal that failed for good',
  description:
    '`settled_outside`: the seller paid some other way. `written_off`: nobody will; it is our loss.',
  request: { params: Params, body: jsonBody(Body) },
  responses: doneOrAwaits(z.object({ reversal: Reversal }), 'The reversal as it is now'),
  actions: Object.values(reversalResolutions),
});

export const resolveReversal = defineRoute(route, async (c) => {
  const { reversalId } = c.req.valid('param');
  const body = c.req.valid('json');
  const call = { operationId: route.operationId, subjectId: reversalId, body };
  const operation = reversalResolutions[body.resolution];
  const answer = await operate(c, operation, call, showReversal);
  if ('awaits' in answer) return c.json({ approval: answer.awaits }, 202);
  return c.json({ reversal: answer.shown }, 200);
});
