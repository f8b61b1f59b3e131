import { createRoute, z } from '@hono/zod-openapi';
import { listWebhookEvents as listWebhookEventsQuery } from '../../db/webhooks/list.ts';
import { WEBHOOK_OUTCOMES } from '../../db/webhooks/schema.ts';
import { onlyRoles } from '../middleware/access.ts';
import {
  listOf,
  pageAsk,
  PageQuery,
  showPage,
  fails,
  FOR_ROLES,
  defineRoute,
  json,
} from '../kernel/index.ts';
import { showWebhookEvent, WebhookEvent } from './webhook-event-view.ts';

const Query = PageQuery.extend({ outcome: z.enum(WEBHOOK_OUTCOMES).optional() });

const route = createRoute({
  method: 'get',
  path: '/admin/webhooks',
  operationId: 'listWebhookEvents',
  summary: 'Webhooks as they came, with their outcomes',
  tags: ['Operations'],
  ...onlyRoles('admin'),
  request: { query: Query },
  responses: {
    200: json(listOf(WebhookEvent), 'Events, personal data masked'),
    ...fails(...FOR_ROLES, 'validation_failed'),
  },
});

export const listWebhookEvents = defineRoute(route, async (c) => {
  const query = c.req.valid('query');
  const page = await listWebhookEventsQuery(c.var.deps.db, {
    outcome: query.outcome,
    ask: pageAsk(c, query),
  });
  return c.json(showPage(c, page, showWebhookEvent), 200);
});
