import { createRoute, z } from '@hono/zod-openapi';
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
import { CHANGE_REFUSALS, CHANGED, changeOwn, ProrationAt } from './change.ts';
import { BillingCycle } from './plan-view.ts';

const Body = z
  .strictObject({ billing_cycle: BillingCycle, proration_at: ProrationAt })
  .openapi('ChangeBillingCycle');

const route = createRoute({
  method: 'post',
  path: '/subscriptions/change-billing-cycle',
  operationId: 'changeBillingCycle',
  summary: 'Pay by the year, or by the month',
  description: 'Years come at once, months with the end of the period.',
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

export const changeBillingCycle = defineRoute(route, (c) =>
  changeOwn(c, route.operationId, c.req.valid('json')),
);
