import { and, eq, inArray } from 'drizzle-orm';
import type { Db } from '../client.ts';
import { products } from './schema.ts';
import { keyset, type Page, type PageAsk, toPage } from '../kernel/index.ts';

export type ProductRow = typeof products.$inferSelect;

export async function readProducts(db: Db, productIds: readonly string[]): Promise<ProductRow[]> {
  if (productIds.length === 0) return [];
  return db
    .select()
    .from(products)
    .where(inArray(products.id, [...productIds]));
}

/** Products for sale; of one seller where `sellerId` is given. */
export async function listProducts(
  db: Db,
  { sellerId, ask }: { sellerId: string | undefined; ask: PageAsk },
): Promise<Page<ProductRow>> {
  const { after, orderBy, limit } = keyset(products, products.createdAt, products.id, ask);
  const ofSeller = sellerId === undefined ? undefined : eq(products.sellerId, sellerId);
  const rows = await db
    .select()
    .from(products)
    .where(and(eq(products.active, true), ofSeller, after))
    .orderBy(...orderBy)
    .limit(limit);
  return toPage(rows, ask);
}
