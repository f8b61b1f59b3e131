import { createRoute, z } from '@hono/zod-openapi';
import { RESOLUTIONS, resolveReversal as resolve } from '../../db/verbs/resolve-reversal.ts';
import { actorOf } from '../actor.ts';
import { IdempotencyHeaders } from '../idempotency.ts';
import { onlyRoles } from '../middleware/access.ts';
import { actOnce } from '../operator-key.ts';
import { fails, FOR_ROLES, REPEATABLE, WITH_BODY } from '../problem.ts';
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
  request: { params: Params, headers: IdempotencyHeaders, body: jsonBody(Body) },
  responses: {
    200: json(z.object({ reversal: Reversal }), 'The reversal as it is now'),
    ...fails(...FOR_ROLES, ...WITH_BODY, ...REPEATABLE, 'reversal_not_found', 'reversal_not_resolvable'),
  },
});

export const resolveReversal = defineRoute(route, async (c) => {
  const { reversalId } = c.req.valid('param');
  const body = c.req.valid('json');
  const call = { operationId: route.operationId, subjectId: reversalId, body };
  const { shown } = await actOnce(c, call, async (db) => {
    const { reversal, transfer } = await resolve(db, { reversalId, ...body, ...actorOf(c) });
    return { shown: showReversal({ ...reversal, ...pick(transfer) }), work: null };
  });
  return c.json({ reversal: shown }, 200);
});

const pick = ({ orderId, sellerId, currency }: { orderId: string; sellerId: string; currency: string }) => ({
  orderId,
  sellerId,
  currency,
});
