import { z } from '@hono/zod-openapi';
import type { ProductRow } from '../../db/catalog/products.ts';
import { AmountMinor, Currency, Id, Time, time } from '../kernel/index.ts';

export const Product = z
  .object({
    id: Id,
    seller_id: Id,
    title: z.string(),
    amount: AmountMinor,
    currency: Currency,
    active: z.boolean(),
    created_at: Time,
  })
  .openapi('Product');

export const showProduct = (row: ProductRow): z.infer<typeof Product> => ({
  id: row.id,
  seller_id: row.sellerId,
  title: row.title,
  amount: row.priceMinor,
  currency: row.currency,
  active: row.active,
  created_at: time(row.createdAt),
});
