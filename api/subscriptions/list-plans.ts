import { createRoute } from '@hono/zod-openapi';
import { listPlans as listPlansQuery } from '../../db/subscriptions/read/plans.ts';
import { defineRoute, fails, json, listOf } from '../kernel/index.ts';
import { anybodyLimited } from '../middleware/access.ts';
import { Plan, showPlan } from './plan-view.ts';

const route = createRoute({
  method: 'get',
  path: '/plans',
  operationId: 'listPlans',
  summary: 'Plans, their features and today’s prices',
  description: 'For everybody, without signing in. All come on one page.',
  tags: ['Subscriptions'],
  ...anybodyLimited(),
  responses: { 200: json(listOf(Plan), 'Plans, by rank'), ...fails('maintenance', 'rate_limited') },
});

export const listPlans = defineRoute(route, async (c) => {
  const { reads, terms } = c.var.deps;
  const plans = await listPlansQuery(reads, terms.time);
  return c.json({ data: plans.map(showPlan), next_cursor: null }, 200);
});
