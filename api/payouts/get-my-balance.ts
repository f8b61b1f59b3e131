import { createRoute, z } from '@hono/zod-openapi';
import { listBalances } from '../../db/payouts/balances.ts';
import { alsoWhileLeaving, signedIn } from '../middleware/access.ts';
import { fails, SIGNED_IN, defineRoute, json } from '../kernel/index.ts';
import { Balance, showBalance } from './balance-view.ts';

const route = createRoute({
  method: 'get',
  path: '/sellers/me/balance',
  operationId: 'getMyBalance',
  summary: 'What you earned, and where it is',
  tags: ['Sellers'],
  ...alsoWhileLeaving(signedIn()),
  responses: {
    200: json(z.object({ balances: z.array(Balance) }), 'One balance a currency; none for who never sold'),
    ...fails(...SIGNED_IN),
  },
});

export const getMyBalance = defineRoute(route, async (c) => {
  const balances = await listBalances(c.var.deps.db, c.var.caller.userId);
  return c.json({ balances: balances.map(showBalance) }, 200);
});
