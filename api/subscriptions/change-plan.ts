import { createRoute } from '@hono/zod-openapi';
import {
  defineRoute,
  fails,
  IdempotencyHeaders,
  jsonBody,
  REPEATABLE,
  SIGNED_IN,
  WITH_BODY,
} from '../kernel/index.ts';
import { signedIn } from '../middleware/access.ts';
import { CHANGE_REFUSALS, CHANGED, changeOwn, ProrationAt, Wish } from './change.ts';

const Body = Wish.extend({ proration_at: ProrationAt }).openapi('ChangePlan', {
  description: 'What is not named stays',
});

const route = createRoute({
  method: 'post',
  path: '/subscriptions/change',
  operationId: 'changeSubscription',
  summary: 'Change plan or billing cycle',
  description:
    'A higher plan, and years instead of months, come at once and are charged to the card on file. Everything else comes with the end of the period; the last wish counts, the present price takes it back, and Free cancels.',
  tags: ['Subscriptions'],
  ...signedIn(),
  request: { headers: IdempotencyHeaders, body: jsonBody(Body) },
  responses: {
    ...CHANGED,
    ...fails(
      ...SIGNED_IN,
      ...WITH_BODY,
      ...REPEATABLE,
      ...CHANGE_REFUSALS,
      'preview_outdated',
      'provider_refused',
      'engine_busy',
    ),
  },
});

export const changePlan = defineRoute(route, (c) => changeOwn(c, route.operationId, c.req.valid('json')));
