import { createRoute } from '@hono/zod-openapi';
import { listProducts as listProductsQuery } from '../../db/catalog/products.ts';
import { signedIn } from '../middleware/access.ts';
import {
  listOf,
  pageAsk,
  PageQuery,
  showPage,
  fails,
  SIGNED_IN,
  defineRoute,
  json,
  Id,
} from '../kernel/index.ts';
import { Product, showProduct } from './product-view.ts';

const Query = PageQuery.extend({ seller_id: Id.optional() });

const route = createRoute({
  method: 'get',
  path: '/marketplace/products',
  operationId: 'listProducts',
  summary: 'Products for sale',
  tags: ['Products'],
  ...signedIn(),
  request: { query: Query },
  responses: { 200: json(listOf(Product), 'Active products'), ...fails(...SIGNED_IN, 'validation_failed') },
});

export const listProducts = defineRoute(route, async (c) => {
  const query = c.req.valid('query');
  const page = await listProductsQuery(c.var.deps.db, { sellerId: query.seller_id, ask: pageAsk(c, query) });
  return c.json(showPage(c, page, showProduct), 200);
});
