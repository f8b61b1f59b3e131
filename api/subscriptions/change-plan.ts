import { createRoute } from '@hono/zod-openapi';
import { defineRoute, IdempotencyHeaders, jsonBody } from '../kernel/index.ts';
import { signedIn } from '../middleware/access.ts';
import { CHANGE_RESPONSES, changeOwn, ProrationAt, Wish } from './change.ts';

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
  responses: CHANGE_RESPONSES,
});

export const changePlan = defineRoute(route, (c) => changeOwn(c, route.operationId, c.req.valid('json')));
