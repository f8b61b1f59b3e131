import { createRoute, z } from '@hono/zod-openapi';
import { readPayout } from '../../db/payouts/list.ts';
import { VezaError } from '../../domain/errors.ts';
import { alsoWhileLeaving, signedIn } from '../middleware/access.ts';
import { fails, SIGNED_IN, defineRoute, json, idParam } from '../kernel/index.ts';
import { Payout, showPayout } from './payout-view.ts';

const Params = z.object({ payoutId: idParam('payoutId') });

const route = createRoute({
  method: 'get',
  path: '/sellers/me/payouts/{payoutId}',
  operationId: 'getMyPayout',
  summary: 'One payout',
  tags: ['Sellers'],
  ...alsoWhileLeaving(signedIn()),
  request: { params: Params },
  responses: {
    200: json(z.object({ payout: Payout }), 'The payout'),
    ...fails(...SIGNED_IN, 'validation_failed', 'payout_not_found'),
  },
});

export const getMyPayout = defineRoute(route, async (c) => {
  const { payoutId } = c.req.valid('param');
  const payout = await readPayout(c.var.deps.db, payoutId);
  if (payout?.sellerId !== c.var.caller.userId) {
    throw new VezaError('payout_not_found', `There is no payout ${payoutId}.`);
  }
  return c.json({ payout: showPayout(payout) }, 200);
});
