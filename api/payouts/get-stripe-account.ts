import { createRoute, z } from '@hono/zod-openapi';
import { readStripeAccount } from '../../db/sellers/index.ts';
import { alsoWhileLeaving, signedIn } from '../middleware/access.ts';
import { fails, SIGNED_IN, defineRoute, json, orNull } from '../kernel/index.ts';
import { showStripeAccount, StripeAccount } from './stripe-account-view.ts';

const route = createRoute({
  method: 'get',
  path: '/sellers/me/stripe-account',
  operationId: 'getStripeAccount',
  summary: 'Your Stripe account, and what it may do',
  tags: ['Sellers'],
  ...alsoWhileLeaving(signedIn()),
  responses: {
    200: json(z.object({ account: orNull(StripeAccount) }), 'The account; null: none is connected'),
    ...fails(...SIGNED_IN),
  },
});

export const getStripeAccount = defineRoute(route, async (c) => {
  const row = await readStripeAccount(c.var.deps.db, c.var.caller.userId);
  return c.json({ account: showStripeAccount(row) }, 200);
});
