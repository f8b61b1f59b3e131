import type { Api, Reconciled, Refund, Reversal } from './api-client.ts';
import { buy } from './buy.ts';
import { follow, until } from './follow.ts';
import type { Teller } from './teller.ts';
import type { Stage } from './stage.ts';
import type { LostWebhook } from './summary.ts';

/** Another order is refunded, the PSP's webhook is lost, and the sweep finds out. */
export async function playLostWebhook(
  veza: Pick<Stage, 'psp'>,
  tell: Teller,
  { buyer, admin, items }: { buyer: Api; admin: Api; items: readonly { readonly product_id: string }[] },
): Promise<LostWebhook> {
  const { psp } = veza;
  tell.step('A third order is paid and refunded, and the webhook that says so is lost');
  const { orderId, orderPath } = await buy(veza, tell, { buyer, items });
  psp.control.addFault({ kind: 'loseWebhook', match: 'refund_succeeded', where: { payment_id: orderId } });
  const opened = await buyer.post<{ refund: Refund }>(`${orderPath}/refund`, {});
  const refundId = opened.refund.id;
  const atThePsp = await until(
    async () => psp.control.refunds(orderId).find((refund) => refund.refund_id === refundId),
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
    async () => (await admin.get<{ data: Reversal[] }>(`/admin/reversals?order_id=${orderId}`)).data,
    (reversals) => reversals.every((reversal) => reversal.status !== 'pending'),
  );
  return { refund, reconcile };
}
