import { createRoute, z } from '@hono/zod-openapi';
import { defineRoute, IdempotencyHeaders, jsonBody } from '../kernel/index.ts';
import { signedIn } from '../middleware/access.ts';
import { CHANGE_RESPONSES, changeOwn, ProrationAt } from './change.ts';
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
  responses: CHANGE_RESPONSES,
});

export const changeBillingCycle = defineRoute(route, (c) =>
  changeOwn(c, route.operationId, c.req.valid('json')),
);
