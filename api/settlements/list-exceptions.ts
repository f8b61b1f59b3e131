import { createRoute, z } from '@hono/zod-openapi';
import {
  EXCEPTION_STATES,
  listSettlementExceptions as listExceptions,
  readSettlementFile,
} from '../../db/settlements/list.ts';
import { VezaError } from '../../domain/errors.ts';
import { EXCEPTION_KINDS } from '../../domain/settlements/settlement-file.ts';
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
  idParam,
} from '../kernel/index.ts';
import { showSettlementException, SettlementException } from './file-view.ts';

const Params = z.object({ statementId: idParam('statementId') });
const Query = PageQuery.extend({
  kind: z.enum(EXCEPTION_KINDS).optional(),
  state: z.enum(EXCEPTION_STATES).optional(),
});

const route = createRoute({
  method: 'get',
  path: '/admin/statements/{statementId}/exceptions',
  operationId: 'listStatementExceptions',
  summary: 'Differences between a settlement file and our rows',
  tags: ['Operations'],
  ...onlyRoles('admin'),
  request: { params: Params, query: Query },
  responses: {
    200: json(listOf(SettlementException), 'Exceptions'),
    ...fails(...FOR_ROLES, 'validation_failed', 'statement_not_found'),
  },
});

export const listSettlementExceptions = defineRoute(route, async (c) => {
  const { db } = c.var.deps;
  const { statementId } = c.req.valid('param');
  const query = c.req.valid('query');
  if ((await readSettlementFile(db, statementId)) === null) {
    throw new VezaError('statement_not_found', `There is no settlement file ${statementId}.`);
  }
  const page = await listExceptions(db, statementId, query, pageAsk(c, query));
  return c.json(showPage(c, page, showSettlementException), 200);
});
