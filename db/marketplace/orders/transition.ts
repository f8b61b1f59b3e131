import { and, eq } from 'drizzle-orm';
import { ORDER, type OrderStatus } from '../../../domain/marketplace/order-machine.ts';
import type { Tx } from '../../client.ts';
import { orders, type Order } from './schema.ts';
import { assertTransition, transitionedOrStale, type TransitionCause, writeOne } from '../../kernel/index.ts';

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
  const rows = await update(tx, order, to, set).returning();
  return transitionedOrStale(rows, ORDER, order, to);
}

/** The same, where what the row holds afterwards is known or of no concern: nobody waits for the write. */
export async function transitionOrderUnread<
  Row extends Pick<Order, 'id' | 'status'>,
  Set extends Partial<Omit<Order, 'id' | 'status'>>,
>(
  tx: Tx,
  order: Row,
  to: OrderStatus,
  set: Set,
  by?: TransitionCause,
): Promise<Row & Set & { readonly status: OrderStatus }> {
  assertTransition(ORDER, order, to, by);
  await writeOne(tx, update(tx, order, to, set));
  return { ...order, ...set, status: to };
}

const update = (
  tx: Tx,
  from: Pick<Order, 'id' | 'status'>,
  to: OrderStatus,
  set: Partial<Omit<Order, 'id' | 'status'>>,
) =>
  tx
    .update(orders)
    .set({ ...set, status: to })
    .where(and(eq(orders.id, from.id), eq(orders.status, from.status)));
