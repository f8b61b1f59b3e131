import { expect } from 'vitest';
import { type ReversalRow, type TransferRow, onlyReversal } from './read.ts';
import { openShop, type Shop } from './shop.ts';
import { completedOrder, openedRefund } from './stories.ts';
import { onReversalLookUps, onReversalsOf, STRIPE_IS_DOWN, type Trouble } from './trouble.ts';
import type { World } from './world.ts';

/** One seller's share on its way back. */
export interface Refunded {
  readonly shop: Shop;
  readonly orderId: string;
  readonly refundId: string;
  /** As it was before the refund. */
  readonly transfer: TransferRow;
  readonly stripeTransferId: string;
  /** As it was opened, or a little later. */
  readonly reversal: ReversalRow;
  readonly workflowId: string;
}

/** An order whose seller has the money. */
export async function soldOrder(world: World, known?: Shop) {
  const shop = known ?? (await openShop(world));
  const { orderId, transfers } = await completedOrder(world, shop.buyer, shop.productIds);
  const [transfer] = transfers;
  if (!transfer?.stripeTransferId) throw new Error('the seller has no money');
  return { shop, orderId, transfer, stripeTransferId: transfer.stripeTransferId };
}

/**
 * A refund that has succeeded, of an order whose seller has the money. `troubles` meet the calls for its reversal, in
 * turn; `before` is what happens between sale and refund.
 */
export async function refundedOrder(
  world: World,
  {
    shop: known,
    troubles = [],
    before,
    body = {},
  }: {
    shop?: Shop;
    troubles?: readonly Trouble[];
    before?: (sold: Awaited<ReturnType<typeof soldOrder>>) => void | Promise<void>;
    body?: unknown;
  } = {},
): Promise<Refunded> {
  const sold = await soldOrder(world, known);
  const { shop, orderId, transfer, stripeTransferId } = sold;
  await before?.(sold);
  for (const trouble of troubles) onReversalsOf(world, stripeTransferId, trouble);
  const refundId = await openedRefund(world, shop.buyer, orderId, body);
  expect(await world.finished(`refund/${refundId}`)).toEqual({ status: 'succeeded' });
  const reversal = await onlyReversal(world, refundId);
  const workflowId = `reversal/${reversal.id}`;
  return { shop, orderId, refundId, transfer, stripeTransferId, reversal, workflowId };
}

/**
 * A reversal that failed for good although Stripe has carried it out: its answers and its webhook were lost, and its list
 * could not be read. Stripe is well again.
 */
export async function reversedUnseen(
  world: World,
  options: Parameters<typeof refundedOrder>[1] = {},
): Promise<Refunded> {
  world.stripe.control.addFault({ kind: 'loseWebhook', match: 'transfer.reversed' });
  const refunded = await refundedOrder(world, {
    ...options,
    troubles: [{ kind: 'dropAfter', times: 'always' }],
    before: async (sold) => {
      onReversalLookUps(world, sold.stripeTransferId, STRIPE_IS_DOWN);
      await options.before?.(sold);
    },
  });
  expect(await world.finished(refunded.workflowId)).toEqual({ status: 'permanently_failed' });
  expect(world.stripe.control.reversals(refunded.stripeTransferId)).toHaveLength(1);
  world.stripe.control.clearFaults();
  return refunded;
}
