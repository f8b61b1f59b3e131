import { divideProportionally, sumMinor } from '../kernel/index.ts';

/** What is left of one item of an order: the seller's share and the platform's fee. Minor units. */
export interface ItemLeft {
  readonly orderItemId: string;
  readonly sellerId: string;
  readonly sellerLeftMinor: number;
  readonly feeLeftMinor: number;
}

/** How much of a refund the seller and the platform bear, for one item. Minor units. */
export interface Allocation {
  readonly orderItemId: string;
  readonly sellerId: string;
  readonly sellerMinor: number;
  readonly feeMinor: number;
}

/**
 * `refund`: the platform gives its fee back with the rest. `keep`: it keeps the fee, and the seller bears the whole.
 */
export const FEE_POLICIES = ['refund', 'keep'] as const;
export type FeePolicy = (typeof FEE_POLICIES)[number];

export const itemLeftMinor = (item: ItemLeft) => item.sellerLeftMinor + item.feeLeftMinor;
export const leftMinor = (items: readonly ItemLeft[]) => sumMinor(items.map(itemLeftMinor));
export const allocatedMinor = (allocations: readonly Allocation[]) =>
  sumMinor(allocations.map((allocation) => allocation.sellerMinor + allocation.feeMinor));

/**
 * Divides a refund by amount in proportion to what is left of each item now, and each item's part in proportion to
 * what is left of the seller's share and of the fee. The last refund takes all. Where the fee is kept, the seller
 * bears the whole part.
 */
export function allocateAmount(
  amountMinor: number,
  items: readonly ItemLeft[],
  feePolicy: FeePolicy = 'refund',
): Allocation[] {
  const parts = divideProportionally(
    amountMinor,
    items.map((item) => ({ id: item.orderItemId, leftMinor: itemLeftMinor(item) })),
  );
  return items
    .map((item) => divideItem(item, parts.get(item.orderItemId) ?? 0, feePolicy))
    .filter((allocation) => allocation.sellerMinor + allocation.feeMinor > 0);
}

/** A refund of named items takes all that is left of them. */
export function allocateItems(items: readonly ItemLeft[], feePolicy: FeePolicy = 'refund'): Allocation[] {
  return allocateAmount(leftMinor(items), items, feePolicy);
}

function divideItem(
  { orderItemId, sellerId, sellerLeftMinor, feeLeftMinor }: ItemLeft,
  partMinor: number,
  feePolicy: FeePolicy,
): Allocation {
  if (feePolicy === 'keep') return { orderItemId, sellerId, sellerMinor: partMinor, feeMinor: 0 };
  const split = divideProportionally(partMinor, [
    { id: 'fee', leftMinor: feeLeftMinor },
    { id: 'seller', leftMinor: sellerLeftMinor },
  ]);
  return {
    orderItemId,
    sellerId,
    sellerMinor: split.get('seller') ?? 0,
    feeMinor: split.get('fee') ?? 0,
  };
}
