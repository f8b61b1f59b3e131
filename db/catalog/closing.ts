import { and, eq, inArray } from 'drizzle-orm';
import type { ClosingPart } from '../kernel/index.ts';
import { products } from './schema.ts';

/** Whoever leaves sells no more. */
export const CATALOG_CLOSING: ClosingPart = {
  name: 'products',
  async hide(tx, _, userId) {
    const hidden = await tx
      .update(products)
      .set({ active: false })
      .where(and(eq(products.sellerId, userId), eq(products.active, true)))
      .returning({ id: products.id });
    return hidden.map(({ id }) => id);
  },
  async restore(tx, _, userId, hidden) {
    await tx
      .update(products)
      .set({ active: true })
      .where(and(eq(products.sellerId, userId), inArray(products.id, [...hidden])));
  },
};
