import type { Api, Order, OrderInFull, Reconciled, Refund, Reversal } from './api-client.ts';
import { follow, until } from './follow.ts';
import type { Teller } from './teller.ts';
import type { Veza } from './veza.ts';

export interface LostWebhook {
  readonly refund: Refund;
  /** What the sweep that found it answered. */
  readonly reconcile: Reconciled;
}

/** A second order is refunded, the PSP's webhook is lost, and the sweep finds out. */
export async function playLostWebhook(
  { psp }: Pick<Veza, 'psp'>,
  tell: Teller,
  { buyer, admin, items }: { buyer: Api; admin: Api; items: readonly { readonly product_id: string }[] },
): Promise<LostWebhook> {
  tell.step('A second order is paid and refunded, and the webhook that says so is lost');
  const { order } = await buyer.post<{ order: Order }>('/marketplace/orders', { items });
  const orderPath = `/marketplace/orders/${order.id}`;
  const readOrder = async () => (await buyer.get<{ order: OrderInFull }>(orderPath)).order;
  await until(readOrder, (seen) => seen.payment !== null);
  psp.control.pay(order.id);
  await follow('order', readOrder, (seen) => seen.status === 'completed', tell);

  psp.control.addFault({ kind: 'loseWebhook', match: 'refund_succeeded', where: { payment_id: order.id } });
  const opened = await buyer.post<{ refund: Refund }>(`${orderPath}/refund`, {});
  const refundId = opened.refund.id;
  const atThePsp = await until(
    async () => psp.control.refunds(order.id).find((refund) => refund.refund_id === refundId),
    (refund) => refund?.status === 'succeeded',
  );
  const readRefund = async () =>
    (await buyer.get<{ refund: Refund }>(`/marketplace/refunds/${refundId}`)).refund;
  tell.detail(`refund ${refundId}: the PSP says ${atThePsp?.status}, we say ${(await readRefund()).status}`);

  tell.step('The sweep looks for what is stuck');
  const reconcile = await until(
    () => admin.post<Reconciled>('/admin/reconcile', {}),
    ({ report }) => (report['stuck_refunds']?.synced ?? 0) > 0,
  );
  for (const [phase, { seen, synced, why }] of Object.entries(reconcile.report)) {
    const because = Object.entries(why).map(([word, times]) => `${times} ${word}`);
    tell.detail(
      `${phase}: ${seen} seen, ${synced} synced${because.length > 0 ? ` (${because.join(', ')})` : ''}`,
    );
  }
  const refund = await follow('refund', readRefund, (seen) => seen.status !== 'pending', tell);
  await until(
    async () => (await admin.get<{ data: Reversal[] }>(`/admin/reversals?order_id=${order.id}`)).data,
    (reversals) => reversals.every((reversal) => reversal.status !== 'pending'),
  );
  return { refund, reconcile };
}
