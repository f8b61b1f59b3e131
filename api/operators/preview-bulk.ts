import { createRoute, z } from '@hono/zod-openapi';
import { previewBulk as preview } from '../../operations/bulk.ts';
import { onlyRoles } from '../middleware/access.ts';
import { operationsOf } from '../approvals/index.ts';
import { fails, FOR_ROLES, WITH_BODY, defineRoute, json, jsonBody } from '../kernel/index.ts';
import { bulkAsk, bulkFields, BulkPreview, hasOneFilter, ONE_FILTER, showBulkPreview } from './bulk-view.ts';

const Body = z.strictObject(bulkFields).refine(hasOneFilter, ONE_FILTER).openapi('BulkPreviewRequest');

const route = createRoute({
  method: 'post',
  path: '/admin/bulk/preview',
  operationId: 'previewBulk',
  summary: 'Which rows an action on a filtered list would take',
  tags: ['Operations'],
  ...onlyRoles('admin'),
  request: { body: jsonBody(Body) },
  responses: {
    200: json(z.object({ preview: BulkPreview }), 'Nothing has been done'),
    ...fails(...FOR_ROLES, ...WITH_BODY),
  },
});

export const previewBulk = defineRoute(route, async (c) => {
  const shown = await preview(operationsOf(c), bulkAsk(c.req.valid('json')), c.var.caller.userId);
  return c.json({ preview: showBulkPreview(shown) }, 200);
});
