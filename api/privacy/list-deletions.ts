import { createRoute, z } from '@hono/zod-openapi';
import { listDeletions as list } from '../../db/privacy/index.ts';
import { DELETION_STATUSES } from '../../domain/privacy/deletion-machine.ts';
import {
  defineRoute,
  fails,
  FOR_ROLES,
  json,
  listOf,
  pageAsk,
  PageQuery,
  showPage,
} from '../kernel/index.ts';
import { onlyRoles } from '../middleware/access.ts';
import { AccountDeletionView, showAccountDeletion } from './account-deletion-view.ts';

const Query = PageQuery.extend({
  status: z.enum(DELETION_STATUSES).optional().openapi({
    description:
      '`erased` and `undone` come in the order in which that happened, the others by `final_at`; without a status all come in the order in which they were asked for',
  }),
});

const route = createRoute({
  method: 'get',
  path: '/admin/deletions',
  operationId: 'listDeletions',
  summary: 'People who leave or have left, for whoever keeps their accounts elsewhere too',
  tags: ['Operations'],
  ...onlyRoles('admin'),
  request: { query: Query },
  responses: {
    200: json(listOf(AccountDeletionView), 'Deletions'),
    ...fails(...FOR_ROLES, 'validation_failed'),
  },
});

export const listDeletions = defineRoute(route, async (c) => {
  const { status, ...query } = c.req.valid('query');
  const statuses = status === undefined ? undefined : ([status] as const);
  const page = await list(c.var.deps.db, { statuses }, pageAsk(c, query));
  return c.json(showPage(c, page, showAccountDeletion), 200);
});
