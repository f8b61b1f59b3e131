import type { ProductRow } from '../db/queries/products.ts';
import { VezaError } from '../domain/errors.ts';
import { MAX_AMOUNT_MINOR } from '../domain/money.ts';

/**
 * What an order of these products would cost, in minor units; throws where it cannot be placed. Read without a lock:
 * it spares the engine hopeless orders, and the order is judged again when it is written.
 */
export function quote(productIds: readonly string[], products: readonly ProductRow[]) {
  const wanted = productIds.map((productId) => {
    const product = products.find(({ id }) => id === productId);
    if (product === undefined) {
      throw new VezaError('product_not_found', `There is no product ${productId}.`, {
        product_id: productId,
      });
    }
    if (!product.active) {
      throw new VezaError('product_inactive', `The product ${productId} is not for sale.`, {
        product_id: productId,
      });
    }
    return product;
  });
  const [first] = wanted;
  if (first === undefined) throw new VezaError('order_empty', 'An order needs at least one item.');
  const { currency } = first;
  if (wanted.some((product) => product.currency !== currency)) {
    throw new VezaError('mixed_currencies', 'All items of an order must be priced in one currency.');
  }
  const total = wanted.reduce((sum, product) => sum + BigInt(product.priceMinor), 0n);
  if (total > BigInt(MAX_AMOUNT_MINOR)) {
    throw new VezaError('amount_too_large', 'The total is more than can be charged.');
  }
  return { amountMinor: Number(total), currency };
}
