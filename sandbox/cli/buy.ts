import type { Api, Order, OrderInFull } from './api-client.ts';
import { follow, until } from './follow.ts';
import type { Teller } from './teller.ts';
import type { Stage } from './stage.ts';

/** Places an order, lets its buyer pay at the PSP, and waits until the API says that it is completed. */
export async function buy(
  { psp }: Pick<Stage, 'psp'>,
  tell: Teller,
  { buyer, items }: { buyer: Api; items: readonly { readonly product_id: string }[] },
) {
  const { order } = await buyer.post<{ order: Order }>('/marketplace/orders', { items });
  const orderPath = `/marketplace/orders/${order.id}`;
  const readOrder = async () => (await buyer.get<{ order: OrderInFull }>(orderPath)).order;
  await until(readOrder, (seen) => seen.payment !== null);
  psp.control.pay(order.id);
  await follow('order', readOrder, (seen) => seen.status === 'completed', tell);
  return { orderId: order.id, orderPath, readOrder };
}
