import { createRoute, z } from '@hono/zod-openapi';
import { readWebhookEvent } from '../../db/webhooks/list.ts';
import { dispatchAgain, replayWebhook as operation } from '../../operations/webhooks/replay.ts';
import { decideAction } from '../../operations/perform.ts';
import {
  actorOf,
  fails,
  FOR_ROLES,
  WITH_BODY,
  defineRoute,
  json,
  optionalJsonBody,
  idParam,
  reason,
} from '../kernel/index.ts';
import { onlyRoles } from '../middleware/access.ts';
import { emptyBodyIsNone } from '../middleware/empty-body.ts';
import { operationsOf } from '../approvals/index.ts';
import { showWebhookEvent, WebhookEvent } from './webhook-event-view.ts';

const Params = z.object({ webhookId: idParam('webhookId') });
const Body = z.strictObject({ reason: reason().optional() }).openapi('ReplayRequest');

const access = onlyRoles('admin');
const route = createRoute({
  method: 'post',
  path: '/admin/webhooks/{webhookId}/replay',
  operationId: 'replayWebhook',
  summary: 'Dispatch a stored webhook again',
  description: 'Also a processed one: a report that was booked already changes nothing.',
  tags: ['Operations'],
  ...access,
  middleware: [...access.middleware, emptyBodyIsNone],
  request: { params: Params, body: optionalJsonBody(Body) },
  responses: {
    200: json(z.object({ webhook: WebhookEvent }), 'The webhook with its new outcome'),
    ...fails(...FOR_ROLES, ...WITH_BODY, 'webhook_not_found', 'webhook_body_gone'),
  },
});

export const replayWebhook = defineRoute(route, async (c) => {
  const why = c.req.valid('json').reason;
  const { webhookId } = c.req.valid('param');
  c.set('mayStillBeCarriedOut', true);
  const act = { ...actorOf(c), ...(why !== undefined && { reason: why }) };
  const operations = operationsOf(c);
  const { db, settings } = operations;
  const decided = await db.transaction((tx) => decideAction(tx, settings, operation, webhookId, act));
  if ('awaits' in decided) throw new Error('a replay names no money, so that it waits for nobody');
  const { done, work } = decided;
  const { outcome, note } = await dispatchAgain(operations, work);
  const row = await readWebhookEvent(db, webhookId);
  return c.json({ webhook: { ...showWebhookEvent(row ?? done), outcome, error: note } }, 200);
});
