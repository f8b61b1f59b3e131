import type { Db } from '../../db/client.ts';
import { readOrder, type OrderInFullRow } from '../../db/marketplace/orders/list.ts';
import { maySee } from '../../domain/marketplace/eligibility.ts';
import { VezaError } from '../../domain/errors.ts';
import type { Caller } from '../../domain/accounts/index.ts';

/** An order that the caller may know of; null also where it exists and the caller may not know of it. */
export async function findVisibleOrder(
  db: Db,
  orderId: string,
  caller: Caller,
): Promise<OrderInFullRow | null> {
  const order = await readOrder(db, orderId);
  return order !== null && maySee(order, caller) ? order : null;
}

export async function readVisibleOrder(db: Db, orderId: string, caller: Caller): Promise<OrderInFullRow> {
  const order = await findVisibleOrder(db, orderId, caller);
  if (order === null) throw new VezaError('order_not_found', `There is no order ${orderId}.`);
  return order;
}
