import { eq } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { VezaError } from '../../domain/errors.ts';
import type { Db, Tx } from '../client.ts';
import { users } from '../accounts/index.ts';
import { products } from './schema.ts';

export interface NewProduct {
  readonly sellerId: string;
  readonly title: string;
  readonly priceMinor: number;
  readonly currency: string;
  readonly active: boolean;
}

/** Asks whether a person may sell by what they have paid for; a higher subject knows. Throws its refusal. */
export type SellingGate = (tx: Tx, userId: string) => Promise<void>;

/** Puts a product up for sale. Throws `unauthenticated` where we do not know the seller, `account_closing`, and what the gate refuses. */
export async function createProduct(
  db: Db,
  product: NewProduct,
  assertMaySell: SellingGate,
): Promise<typeof products.$inferSelect> {
  return db.transaction(async (tx) => {
    await assertStays(tx, product.sellerId);
    await assertMaySell(tx, product.sellerId);
    const [row] = await tx
      .insert(products)
      .values({ id: uuidv7(), ...product })
      .returning();
    if (row === undefined) throw new Error('the product was not inserted');
    return row;
  });
}

/** Locks the seller: a product is there before they leave, and is hidden then, or not at all. */
async function assertStays(tx: Tx, sellerId: string): Promise<void> {
  const [seller] = await tx
    .select({ status: users.status })
    .from(users)
    .where(eq(users.id, sellerId))
    .for('share');
  if (seller === undefined) throw new VezaError('unauthenticated', `There is no user ${sellerId}.`);
  if (seller.status === 'active' || seller.status === 'disabled') return;
  throw new VezaError('account_closing', 'The account is being closed.');
}
