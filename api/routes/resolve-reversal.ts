import { createRoute, z } from '@hono/zod-openapi';
import { RESOLUTIONS, resolveReversal as resolve } from '../../db/verbs/resolve-reversal.ts';
import { actorOf } from '../actor.ts';
import { onlyRoles } from '../middleware/access.ts';
import { fails, FOR_ROLES, WITH_BODY } from '../problem.ts';
import { defineRoute, json, jsonBody } from '../route.ts';
import { idParam, reason } from '../views/fields.ts';
import { Reversal, showReversal } from '../views/reversal.ts';

const Params = z.object({ reversalId: idParam('reversalId') });
const Body = z.strictObject({ resolution: z.enum(RESOLUTIONS), reason: reason() }).openapi('ResolveReversal');

const route = createRoute({
  method: 'post',
  path: '/admin/reversals/{reversalId}/resolve',
  operationId: 'resolveReversal',
  summary: 'End a reversal that failed for good',
  description:
    '`settled_outside`: the seller paid some other way. `written_off`: nobody will; it is our loss.',
  tags: ['Operations'],
  ...onlyRoles('admin'),
  request: { params: Params, body: jsonBody(Body) },
  responses: {
    200: json(z.object({ reversal: Reversal }), 'The reversal as it is now'),
    ...fails(...FOR_ROLES, ...WITH_BODY, 'reversal_not_found', 'reversal_not_resolvable'),
  },
});

export const resolveReversal = defineRoute(route, async (c) => {
  const { db } = c.var.deps;
  const { reversalId } = c.req.valid('param');
  const { reversal, transfer } = await resolve(db, { reversalId, ...c.req.valid('json'), ...actorOf(c) });
  return c.json({ reversal: showReversal({ ...reversal, ...pick(transfer) }) }, 200);
});

const pick = ({ orderId, sellerId, currency }: { orderId: string; sellerId: string; currency: string }) => ({
  orderId,
  sellerId,
  currency,
});
