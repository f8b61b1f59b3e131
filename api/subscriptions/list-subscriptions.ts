import { createRoute, z } from '@hono/zod-openapi';

import { listSubscriptions as listSubscriptionsQuery } from '../../db/subscriptions/read/list.ts';
import type { Standing } from '../../db/subscriptions/read/standing.ts';
import { SUBSCRIPTION_STATUSES } from '../../domain/subscriptions/subscription-machine.ts';
import {
  defineRoute,
  fails,
  FOR_ROLES,
  Id,
  json,
  listOf,
  pageAsk,
  PageQuery,
  showPage,
} from '../kernel/index.ts';
import { onlyRoles } from '../middleware/access.ts';
import { showSubscription, Subscription } from './subscription-view.ts';

const Query = PageQuery.extend({
  status: z.enum(SUBSCRIPTION_STATUSES).optional(),
  user_id: Id.optional(),
});
// Whose card it is charged to is for its owner's eyes.
const SubscriptionOfUser = Subscription.omit({ payment_method: true })
  .extend({
    user_id: Id,
    is_phantom: z
      .boolean()
      .openapi({ description: 'It says that it is in force, and no payment carries it: it gives nothing' }),
  })
  .openapi('SubscriptionOfUser');

const route = createRoute({
  method: 'get',
  path: '/admin/subscriptions',
  operationId: 'listSubscriptions',
  summary: 'All subscriptions, dead ones too',
  tags: ['Operations'],
  ...onlyRoles('admin'),
  request: { query: Query },
  responses: {
    200: json(listOf(SubscriptionOfUser), 'Subscriptions'),
    ...fails(...FOR_ROLES, 'validation_failed'),
  },
});

export const listSubscriptions = defineRoute(route, async (c) => {
  const { reads, terms } = c.var.deps;
  const { status, user_id: userId, ...page } = c.req.valid('query');
  const found = await listSubscriptionsQuery(reads, { status, userId }, pageAsk(c, page), terms);
  return c.json(showPage(c, found, showOfUser), 200);
});

function showOfUser(standing: Standing): z.infer<typeof SubscriptionOfUser> {
  const { payment_method: _, ...shown } = showSubscription(standing);
  return { ...shown, user_id: standing.subscription.userId, is_phantom: standing.isPhantom };
}
