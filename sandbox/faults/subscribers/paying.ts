import { setTimeout as sleep } from 'node:timers/promises';
import { TEST_CARDS } from '../../../stand-ins/hyperswitch/index.ts';
import { ask, type Subscriber } from './subscriber.ts';

/** The cards that people pay with, good ones most often: what becomes of the renewals follows from them. */
export const CARDS = [
  ...Array.from({ length: 6 }, () => TEST_CARDS.good),
  TEST_CARDS.declinesLater,
  TEST_CARDS.insufficientFunds,
  TEST_CARDS.lost,
  TEST_CARDS.processingError,
  TEST_CARDS.wantsBuyer,
];
const AT_THE_PSP_WITHIN_MS = 5_000;
const LOOK_EVERY_MS = 100;

/** The buyer stands before a payment: most pay, some cannot, some never do. */
export async function meet(of: Subscriber, paymentId: string): Promise<void> {
  const { control, chance, subscribed, left } = of;
  if (!(await isAtThePsp(of, paymentId)) || isDecided(of, paymentId)) return;
  if (chance(0.1)) {
    subscribed.neverPaid += 1;
    left.push(paymentId);
    return;
  }
  if (chance(0.05)) {
    control.fail(paymentId);
    return;
  }
  if (chance(0.05)) control.fail(paymentId, 'Your card was declined.', { mayRetry: true });
  if (chance(0.03)) control.processing(paymentId);
  pay(of, paymentId);
}

/** No bank takes back what it decided. Such a payment is open here still where its webhook was lost. */
const isDecided = ({ control }: Subscriber, paymentId: string): boolean =>
  ['succeeded', 'partially_captured', 'processing', 'cancelled'].includes(control.payment(paymentId).status);

function pay({ control, chance, pick, subscribed }: Subscriber, paymentId: string): void {
  const { amount, status } = control.payment(paymentId);
  if (status === 'cancelled' || status === 'succeeded') return;
  const isLess = amount > 0 && chance(0.02);
  control.pay(paymentId, {
    card: pick(CARDS),
    accepts: !chance(0.05),
    ...(isLess && { amountReceivedMinor: amount - 1 }),
  });
  subscribed.paidInPerson += 1;
}

/** A payment that nobody waits for any more: its money has to come back. */
export function payLate({ control, subscribed }: Subscriber, paymentId: string): void {
  if (['succeeded', 'failed'].includes(control.payment(paymentId).status)) return;
  control.pay(paymentId, { card: TEST_CARDS.good });
  subscribed.paidInPerson += 1;
}

export async function payOpen(of: Subscriber): Promise<void> {
  const asked = await ask(of, 'pay', {});
  if (asked?.payment?.payment_id !== undefined) await meet(of, asked.payment.payment_id);
}

/** A payment is answered while a PSP that is slow is still being asked. */
export async function isAtThePsp({ control }: Subscriber, paymentId: string): Promise<boolean> {
  for (const endsAtMs = Date.now() + AT_THE_PSP_WITHIN_MS; Date.now() < endsAtMs;) {
    if (control.hasPayment(paymentId)) return true;
    await sleep(LOOK_EVERY_MS);
  }
  return false;
}
