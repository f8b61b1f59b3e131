import { formatMoney } from '../../domain/kernel/money.ts';
import type { Api, Refund, Transfer } from './api-client.ts';
import { buy } from './buy.ts';
import { follow, until } from './follow.ts';
import type { Teller } from './teller.ts';
import type { Stage } from './stage.ts';
import type { PartialRefund } from './summary.ts';

/** The refund of the second order, in minor units: two sellers cannot share its last cent evenly. */
const PART_MINOR = 1_001;

/** A part of an order with two sellers is given back: each bears their share of it, to the cent. */
export async function playPartialRefund(
  veza: Pick<Stage, 'psp'>,
  tell: Teller,
  { buyer, admin, items }: { buyer: Api; admin: Api; items: readonly { readonly product_id: string }[] },
): Promise<PartialRefund> {
  tell.step('A second order of two sellers is paid, and a part of it is given back');
  const { orderId, orderPath, readOrder } = await buy(veza, tell, { buyer, items });
  const readTransfers = async () =>
    (await admin.get<{ data: Transfer[] }>(`/admin/transfers?order_id=${orderId}`)).data;
  await until(readTransfers, (all) => all.length > 0 && all.every((one) => one.status === 'completed'));

  const opened = await buyer.post<{ refund: Refund }>(`${orderPath}/refund`, { amount: PART_MINOR });
  const readRefund = async () =>
    (await buyer.get<{ refund: Refund }>(`/marketplace/refunds/${opened.refund.id}`)).refund;
  const refund = await follow('refund', readRefund, (seen) => seen.status !== 'pending', tell);
  const order = await follow('order', readOrder, (seen) => seen.status !== 'refund_pending', tell);
  const transfers = await until(readTransfers, (all) => all.every((one) => one.reversed_amount > 0));
  for (const { id, status, reversed_amount: reversed, amount, currency } of transfers) {
    tell.detail(
      `transfer ${id}: ${status}, ${formatMoney(reversed, currency)} of ${formatMoney(amount, currency)} taken back`,
    );
  }
  return { order, refund, transfers };
}
