import { and, eq } from 'drizzle-orm';
import { ORDER, type OrderStatus } from '../../../domain/marketplace/order-machine.ts';
import type { Tx } from '../../client.ts';
import { orders, type Order } from './schema.ts';
import { assertTransition, transitionedOrStale, type TransitionCause } from '../../kernel/index.ts';

/** Whether the order never took its payment: captured money is held for the buyer, not earned. */
export const isSuspended = (order: Pick<Order, 'failureReason'>) => order.failureReason !== null;

/** Changes an order's status, or its fields in the same status; the only code that writes the status. */
export async function transitionOrder(
  tx: Tx,
  order: Pick<Order, 'id' | 'status'>,
  to: OrderStatus,
  set: Partial<Omit<Order, 'id' | 'status'>> = {},
  by?: TransitionCause,
): Promise<Order> {
  assertTransition(ORDER, order, to, by);
  const rows = await tx
    .update(orders)
    .set({ ...set, status: to })
    .where(and(eq(orders.id, order.id), eq(orders.status, order.status)))
    .returning();
  return transitionedOrStale(rows, ORDER, order, to);
}
