import { meet } from './paying.ts';
import { ask, type Subscriber } from './subscriber.ts';

const PLANS = ['creator', 'creator', 'premium'];
const CYCLES = ['monthly', 'monthly', 'monthly', 'yearly'];

export async function subscribe(of: Subscriber): Promise<void> {
  const { chance, pick, subscribed } = of;
  if (chance(0.05)) {
    await ask(of, 'subscribe', { plan_id: 'free' });
    return;
  }
  const isTrial = chance(0.2);
  const wish = isTrial
    ? { plan_id: 'premium', trial: true }
    : { plan_id: pick(PLANS), billing_cycle: pick(CYCLES) };
  const begun = await ask(of, 'subscribe', wish);
  if (begun === null) return;
  subscribed.subscriptions += 1;
  if (isTrial) subscribed.trials += 1;
  const invoiceId = begun.invoice?.id;
  if (invoiceId !== undefined) await meet(of, begun.payment?.payment_id ?? invoiceId);
}

export async function cancel(of: Subscriber): Promise<void> {
  const { body } = await of.insist('GET', '/me/subscription');
  const paymentId = body.pending?.invoice?.id;
  if ((await ask(of, 'cancel', {})) === null) return;
  of.subscribed.cancels += 1;
  if (paymentId !== undefined && of.control.hasPayment(paymentId)) of.left.push(paymentId);
}

export async function reactivate(of: Subscriber): Promise<void> {
  if ((await ask(of, 'reactivate', {})) !== null) of.subscribed.reactivations += 1;
}

/** Up, down, or to the other cycle: at once or at the period's end. */
export async function change(of: Subscriber): Promise<void> {
  const { chance, pick, subscribed } = of;
  const wish = pick<object>([
    { plan_id: 'premium' },
    { plan_id: 'creator' },
    { billing_cycle: 'yearly' },
    { billing_cycle: 'monthly' },
    { plan_id: 'premium', billing_cycle: 'yearly' },
    { plan_id: 'free' },
  ]);
  const preview = chance(0.5) ? await ask(of, 'change/preview', wish) : null;
  const at = preview?.proration_at;
  const asked = await ask(of, 'change', { ...wish, ...(typeof at === 'string' && { proration_at: at }) });
  if (asked !== null) subscribed.changes += 1;
}
