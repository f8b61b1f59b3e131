import { createRoute, z } from '@hono/zod-openapi';
import {
  defineRoute,
  fails,
  IdempotencyHeaders,
  json,
  optionalJsonBody,
  orNull,
  REPEATABLE,
  SIGNED_IN,
  WITH_BODY,
} from '../kernel/index.ts';
import { signedIn } from '../middleware/access.ts';
import { emptyBodyIsNone } from '../middleware/empty-body.ts';
import { askOfOwn } from './own-subscription.ts';
import { readPayment, SubscriptionPayment } from './payment-view.ts';
import { showSubscription, Subscription } from './subscription-view.ts';

const CardSetup = z
  .object({ subscription: Subscription, payment: orNull(SubscriptionPayment) })
  .openapi('CardSetup');

const access = signedIn();
const route = createRoute({
  method: 'post',
  path: '/subscriptions/payment-method',
  operationId: 'putCardOnFile',
  summary: 'Put another card on file',
  description:
    'A payment of nothing, which you confirm in your browser: it moves no money. Where your subscription is past due, the new card is charged at once.',
  tags: ['Subscriptions'],
  ...access,
  middleware: [...access.middleware, emptyBodyIsNone],
  request: { headers: IdempotencyHeaders, body: optionalJsonBody(z.strictObject({})) },
  responses: {
    201: json(CardSetup, 'The payment of nothing that is to be confirmed'),
    202: json(CardSetup, 'The payment provider has not answered yet: ask again with the same key'),
    ...fails(
      ...SIGNED_IN,
      ...WITH_BODY,
      ...REPEATABLE,
      'subscription_not_found',
      'payment_pending',
      'provider_refused',
      'engine_busy',
    ),
  },
});

export const putCardOnFile = defineRoute(route, async (c) => {
  const asked = await askOfOwn(c, {
    operationId: route.operationId,
    body: c.req.valid('json'),
    wish: { do: 'payment_method' },
    onFree: 'subscription_not_found',
  });
  const payment = await readPayment(c, asked);
  return c.json({ subscription: showSubscription(asked.standing), payment }, payment === null ? 202 : 201);
});
