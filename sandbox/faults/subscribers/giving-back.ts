import { setTimeout as sleep } from 'node:timers/promises';
import { TURNS } from '../buyers.ts';
import { allowed, type Subscriber } from './subscriber.ts';

/** An admin gives an invoice back, whole or in part. */
export async function refund(of: Subscriber, subscriptionId: string): Promise<void> {
  const { insist, admin, chance, pick, random, subscribed } = of;
  const { body } = await insist('GET', '/subscriptions/invoices');
  const paid = (body.data ?? []).filter(({ status }) => status === 'paid' || status === 'partially_refunded');
  if (paid.length === 0) return;
  const { id, amount } = pick(paid);
  const isPart = chance(0.6);
  const answer = await admin('POST', `/admin/invoices/${id}/refund`, {
    reason: `the fault script, of subscription ${subscriptionId}`,
    ...(isPart && { amount: Math.max(1, Math.floor(amount * random())) }),
    ...(isPart && chance(0.2) && { end_access: true }),
  });
  if (allowed(subscribed, 'a refund of an invoice', answer)) subscribed.refunds += 1;
}

/** Somebody gives a part back at the PSP itself; its webhook may be lost like any other. */
export function refundInDashboard(of: Subscriber): void {
  const { control, pick, random } = of;
  const paid = paidAtThePsp(of);
  if (paid.length === 0) return;
  const { payment_id: id, amount_received: received } = pick(paid);
  const leftMinor = control
    .refunds(id)
    .filter(({ status }) => status !== 'failed')
    .reduce((rest, one) => rest - one.amount, received ?? 0);
  if (leftMinor > 0 && control.disputes(id).length === 0)
    control.createExternalRefund(id, Math.max(1, Math.floor(leftMinor * random())));
}

/** Disputes a payment that nobody refunds: opens it, turns it, and reports each further stage. */
export async function dispute(of: Subscriber): Promise<void> {
  const { control, pick, random, subscribed } = of;
  const paid = paidAtThePsp(of).filter(
    ({ payment_id: id }) => control.refunds(id).length === 0 && control.disputes(id).length === 0,
  );
  if (paid.length === 0) return;
  const { dispute_id: disputeId } = control.openDispute(pick(paid).payment_id);
  subscribed.disputes += 1;
  for (const turn of pick(TURNS)) {
    await sleep(random() * 1_000);
    control.turnDispute(disputeId, turn);
  }
}

const paidAtThePsp = ({ control, personId }: Subscriber) =>
  control
    .payments()
    .filter(
      ({ customer_id: customer, status, amount }) =>
        customer === personId && status === 'succeeded' && amount > 0,
    );
