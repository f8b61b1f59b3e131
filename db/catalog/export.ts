import { type SQL, sql } from 'drizzle-orm';
import { byTime, columnsOf, type ExportPart } from '../kernel/index.ts';

export const CATALOG_EXPORT: readonly ExportPart[] = [
  {
    name: 'products',
    about: 'What you put up for sale.',
    tables: ['products'],
    columns: columnsOf('product', 'id', 'title', 'price_minor', 'currency', 'active', 'created_at'),
    from: (person: SQL) => sql`FROM products AS product WHERE product.seller_id = ${person}`,
    ...byTime('product'),
  },
];
