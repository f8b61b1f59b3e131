import { sql } from 'drizzle-orm';
import { BOOKS, own, type PersonalPart, TO_ERASED } from '../kernel/index.ts';

/** The class of each column of products, and how a person's rows are found. */
export const CATALOG_PERSONAL: PersonalPart = {
  tables: [
    {
      table: 'products',
      key: ['id'],
      of: [own('seller_id')],
      none: ['id', 'price_minor', 'currency', 'active', 'created_at'],
      pseudonym: ['seller_id'],
      law: { title: BOOKS },
      keptIf: {
        title: {
          holds: sql`EXISTS (
            SELECT FROM order_items AS sold WHERE sold.seller_id = products.seller_id AND sold.product_id = products.id)`,
          otherwise: TO_ERASED,
        },
      },
    },
  ],
};
