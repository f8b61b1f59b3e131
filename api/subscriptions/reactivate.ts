import { createRoute, z } from '@hono/zod-openapi';
import {
  defineRoute,
  fails,
  IdempotencyHeaders,
  json,
  optionalJsonBody,
  REPEATABLE,
  SIGNED_IN,
  WITH_BODY,
} from '../kernel/index.ts';
import { signedIn } from '../middleware/access.ts';
import { emptyBodyIsNone } from '../middleware/empty-body.ts';
import { askOfOwn } from './own-subscription.ts';
import { showSubscription, Subscription } from './subscription-view.ts';

const access = signedIn();
const route = createRoute({
  method: 'post',
  path: '/subscriptions/reactivate',
  operationId: 'reactivateSubscription',
  summary: 'Take a cancellation back',
  description: 'Before the period or the trial ends, unless a dispute caused it.',
  tags: ['Subscriptions'],
  ...access,
  middleware: [...access.middleware, emptyBodyIsNone],
  request: { headers: IdempotencyHeaders, body: optionalJsonBody(z.strictObject({})) },
  responses: {
    200: json(z.object({ subscription: Subscription }), 'The subscription as it is now'),
    ...fails(
      ...SIGNED_IN,
      ...WITH_BODY,
      ...REPEATABLE,
      'subscription_not_found',
      'not_reactivatable',
      'engine_busy',
    ),
  },
});

export const reactivate = defineRoute(route, async (c) => {
  const { standing } = await askOfOwn(c, {
    operationId: route.operationId,
    body: c.req.valid('json'),
    wish: { do: 'reactivate' },
    onFree: 'not_reactivatable',
  });
  return c.json({ subscription: showSubscription(standing) }, 200);
});
