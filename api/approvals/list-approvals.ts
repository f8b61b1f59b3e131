import { createRoute, z } from '@hono/zod-openapi';
import { listApprovals as list } from '../../db/approvals/list.ts';
import { APPROVAL_STATUSES } from '../../domain/approvals/approval-machine.ts';
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
import { Approval, showApproval } from './approval-view.ts';

const Query = PageQuery.extend({
  status: z.enum(APPROVAL_STATUSES).optional(),
  subject: z.string().optional().openapi({ description: 'Only those about this', example: 'reversal/…' }),
});

const route = createRoute({
  method: 'get',
  path: '/admin/approvals',
  operationId: 'listApprovals',
  summary: 'Actions that wait or waited for a second admin',
  tags: ['Operations'],
  ...onlyRoles('admin'),
  request: { query: Query },
  responses: { 200: json(listOf(Approval), 'Approvals'), ...fails(...FOR_ROLES, 'validation_failed') },
});

export const listApprovals = defineRoute(route, async (c) => {
  const { status, subject, ...query } = c.req.valid('query');
  const page = await list(c.var.deps.db, { status, subject }, pageAsk(c, query));
  return c.json(showPage(c, page, showApproval), 200);
});
