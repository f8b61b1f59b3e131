import type { Refusal } from '../errors.ts';
import { MAX_AMOUNT_MINOR } from '../kernel/index.ts';

/** What a quote needs to know of a product. Minor units. */
export interface Priced {
  readonly id: string;
  readonly active: boolean;
  readonly priceMinor: number;
  readonly currency: string;
}

export type Quote<Product> =
  | { readonly refused: Refusal }
  | { readonly items: readonly Product[]; readonly totalMinor: number; readonly currency: string };

/** What an order of these products would cost, in minor units, or why it cannot be placed. */
export function quote<Product extends Priced>(
  productIds: readonly string[],
  products: readonly Product[],
): Quote<Product> {
  const twice = firstTwice(productIds);
  if (twice !== -1) {
    const productId = productIds[twice]!;
    return refuse('validation_failed', `The product ${productId} is in the order twice.`, {
      product_id: productId,
    });
  }
  const byId = new Map(products.map((product) => [product.id, product]));
  const items: Product[] = [];
  for (const productId of productIds) {
    const product = byId.get(productId);
    const extra = { product_id: productId };
    if (product === undefined) return refuse('product_not_found', `There is no product ${productId}.`, extra);
    if (!product.active)
      return refuse('product_inactive', `The product ${productId} is not for sale.`, extra);
    items.push(product);
  }
  const [first] = items;
  if (first === undefined) return refuse('order_empty', 'An order needs at least one item.');
  const { currency } = first;
  if (items.some((item) => item.currency !== currency)) {
    return refuse('mixed_currencies', 'All items of an order must be priced in one currency.');
  }
  const total = items.reduce((sum, item) => sum + BigInt(item.priceMinor), 0n);
  if (total > BigInt(MAX_AMOUNT_MINOR))
    return refuse('amount_too_large', 'The total is more than can be charged.');
  return { items, totalMinor: Number(total), currency };
}

/** The index of the first product that is in the list already; -1 where there is none. A licence is bought once. */
export function firstTwice(productIds: readonly string[]): number {
  const seen = new Set<string>();
  return productIds.findIndex((id) => seen.size === seen.add(id.toLowerCase()).size);
}

/** The refusal for a buyer with that many unpaid orders; null where they may place another one. */
export const tooManyOpen = (open: number, most: number): Refusal | null =>
  open < most
    ? null
    : {
        code: 'too_many_open_orders',
        detail: `You have ${open} orders that are not paid yet: pay them, or wait until they expire.`,
        extra: { open_orders_max: most },
      };

const refuse = (code: Refusal['code'], detail: string, extra?: Refusal['extra']) => ({
  refused: { code, detail, ...(extra && { extra }) },
});
