import { createRoute } from '@hono/zod-openapi';
import { listInvoices as listInvoicesQuery } from '../../db/subscriptions/read/invoices.ts';
import {
  defineRoute,
  fails,
  json,
  listOf,
  pageAsk,
  PageQuery,
  showPage,
  SIGNED_IN,
} from '../kernel/index.ts';
import { alsoWhileLeaving, signedIn } from '../middleware/access.ts';
import { Invoice, showInvoice } from './invoice-view.ts';

const route = createRoute({
  method: 'get',
  path: '/subscriptions/invoices',
  operationId: 'listInvoices',
  summary: 'Your invoices',
  description: 'Of all subscriptions that you have and had.',
  tags: ['Subscriptions'],
  ...alsoWhileLeaving(signedIn()),
  request: { query: PageQuery },
  responses: { 200: json(listOf(Invoice), 'Invoices'), ...fails(...SIGNED_IN, 'validation_failed') },
});

export const listInvoices = defineRoute(route, async (c) => {
  const page = await listInvoicesQuery(c.var.deps.db, {
    userId: c.var.caller.userId,
    ask: pageAsk(c, c.req.valid('query')),
  });
  return c.json(showPage(c, page, showInvoice), 200);
});
