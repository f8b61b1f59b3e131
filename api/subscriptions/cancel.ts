import { createRoute, z } from '@hono/zod-openapi';
import { keepAnswer } from '../../db/kernel/index.ts';
import { cancelFree } from '../../db/subscriptions/subscribe-free.ts';
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
import { findOutcome } from './asking.ts';
import { askOfOwn } from './own-subscription.ts';
import { showSubscription, Subscription } from './subscription-view.ts';

const access = signedIn();
const route = createRoute({
  method: 'post',
  path: '/subscriptions/cancel',
  operationId: 'cancelSubscription',
  summary: 'Cancel your subscription',
  description:
    'It ends with its period or trial, and gives its features until then. What is unpaid or past due ends at once.',
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
      'not_cancellable',
      'engine_busy',
    ),
  },
});

export const cancel = defineRoute(route, async (c) => {
  const { db, terms } = c.var.deps;
  const { userId } = c.var.caller;
  const { standing } = await askOfOwn(c, {
    operationId: route.operationId,
    body: c.req.valid('json'),
    wish: { do: 'cancel' },
    onFree: async (idempotency) => {
      c.set('mayStillBeCarriedOut', true);
      if (idempotency === undefined) {
        const { id } = await db.transaction((tx) => cancelFree(tx, { userId }, terms));
        return { outcome: { subscriptionId: id }, refusedByPsp: null };
      }
      await keepAnswer(db, idempotency, async (tx) => {
        const { id } = await cancelFree(tx, { userId }, terms);
        return { shown: { subscriptionId: id }, work: null };
      });
      const outcome = await findOutcome(c, idempotency);
      if (outcome === null) throw new Error('what was kept under the key is not there');
      return { outcome, refusedByPsp: null };
    },
  });
  return c.json({ subscription: showSubscription(standing) }, 200);
});
