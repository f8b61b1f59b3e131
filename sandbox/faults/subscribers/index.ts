import { setTimeout as sleep } from 'node:timers/promises';
import { TEST_CARDS } from '../../stand-ins/hyperswitch/index.ts';
import { randomFrom } from '../../stand-ins/kernel/random.ts';
import type { Veza } from '../cli/veza.ts';
import { type Bought, insistAs, TURNS } from './buyers.ts';
import type { FaultRun } from './options.ts';
import type { Person } from '../people.ts';

/** What subscribers asked for, by their results. */
export interface Subscribed {
  subscriptions: number;
  trials: number;
  /** Payments that a buyer made: the first, of an open invoice, after their bank wanted them. */
  paidInPerson: number;
  neverPaid: number;
  changes: number;
  cancels: number;
  reactivations: number;
  cards: number;
  refunds: number;
  disputes: number;
  terminated: number;
  /** Refused by the rules of subscriptions, by the code. */
  readonly refused: Record<string, number>;
}

export const nothingSubscribed = (): Subscribed => ({
  subscriptions: 0,
  trials: 0,
  paidInPerson: 0,
  neverPaid: 0,
  changes: 0,
  cancels: 0,
  reactivations: 0,
  cards: 0,
  refunds: 0,
  disputes: 0,
  terminated: 0,
  refused: {},
});

export interface SubscriberTask {
  readonly veza: Pick<Veza, 'apiUrl' | 'psp'>;
  readonly person: Person;
  readonly adminToken: string;
  readonly bought: Bought;
  readonly subscribed: Subscribed;
  readonly run: FaultRun;
  readonly number: number;
  /** False where it had ended. */
  readonly terminate: (workflowId: string) => Promise<boolean>;
}

/** The cards that people pay with, good ones most often: what becomes of the renewals follows from them. */
const CARDS = [
  ...Array.from({ length: 6 }, () => TEST_CARDS.good),
  TEST_CARDS.declinesLater,
  TEST_CARDS.insufficientFunds,
  TEST_CARDS.lost,
  TEST_CARDS.processingError,
  TEST_CARDS.wantsBuyer,
];
const PLANS = ['creator', 'creator', 'premium'];
const CYCLES = ['monthly', 'monthly', 'monthly', 'yearly'];
const AT_THE_PSP_WITHIN_MS = 5_000;
const LOOK_EVERY_MS = 100;

/** Subscribes, pays or does not, changes, cancels and comes back, one thing after another, until it is told to stop. */
export async function subscribeOn(task: SubscriberTask, until: AbortSignal): Promise<void> {
  const { veza, person, adminToken, bought, subscribed, run, number, terminate } = task;
  const { control } = veza.psp;
  const random = randomFrom(run.seed * 1_000 + 500 + number);
  const chance = (share: number) => random() < share;
  const pick = <T>(all: readonly T[]): T => all[Math.floor(random() * all.length)]!;
  const insist = insistAs(person.token, { veza, bought });
  const admin = insistAs(adminToken, { veza, bought });
  /** Payments of a subscription that was replaced or cancelled: its buyer may still pay one. */
  const left: string[] = [];

  while (!until.aborted) {
    const { body } = await insist('GET', '/me/subscription');
    const pending = body.pending?.subscription;
    const live = body.subscription ?? pending;
    if (live === undefined || live === null) await subscribe();
    else if (live.status === 'pending_payment') await unpaid();
    else if (live.status === 'past_due') await pastDue();
    else if (live.cancel_at_period_end) await canceling();
    else await inForce(live);
    if (live && chance(run.terminate) && (await terminate(`subscription/${live.id}`)))
      subscribed.terminated += 1;
    if (left.length > 0 && chance(0.3)) payLate(left.shift()!);
    await sleep(run.restMs * 3, undefined, { signal: until }).catch(() => undefined);
  }

  /** Asks; refusals by the rules are counted, whatever else is an error. */
  async function ask(path: string, body: object) {
    const answer = await insist('POST', `/subscriptions/${path}`, body);
    if (answer.status < 300) return answer.body;
    const { code = '' } = answer.body;
    if (answer.status >= 500 || answer.status === 422)
      throw new Error(`${path} was answered ${answer.status}: ${JSON.stringify(answer.body)}`);
    subscribed.refused[code] = (subscribed.refused[code] ?? 0) + 1;
    return null;
  }

  async function subscribe(): Promise<void> {
    if (chance(0.05)) {
      await ask('subscribe', { plan_id: 'free' });
      return;
    }
    const isTrial = chance(0.2);
    const wish = isTrial
      ? { plan_id: 'premium', trial: true }
      : { plan_id: pick(PLANS), billing_cycle: pick(CYCLES) };
    const begun = await ask('subscribe', wish);
    if (begun === null) return;
    subscribed.subscriptions += 1;
    if (isTrial) subscribed.trials += 1;
    const invoiceId = begun.invoice?.id;
    if (invoiceId !== undefined) await meet(begun.payment?.payment_id ?? invoiceId);
  }

  /** The buyer stands before a payment: most pay, some cannot, some never do. */
  async function meet(paymentId: string): Promise<void> {
    if (!(await isAtThePsp(paymentId))) return;
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
    pay(paymentId);
  }

  function pay(paymentId: string): void {
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
  function payLate(paymentId: string): void {
    if (['succeeded', 'failed'].includes(control.payment(paymentId).status)) return;
    control.pay(paymentId, { card: TEST_CARDS.good });
    subscribed.paidInPerson += 1;
  }

  async function unpaid(): Promise<void> {
    if (chance(0.2)) await cancel();
    else if (chance(0.3)) await subscribe();
    else await payOpen();
  }

  async function payOpen(): Promise<void> {
    const asked = await ask('pay', {});
    if (asked?.payment?.payment_id !== undefined) await meet(asked.payment.payment_id);
  }

  async function pastDue(): Promise<void> {
    const how = random();
    if (how < 0.25) await payOpen();
    else if (how < 0.45) await newCard();
    else if (how < 0.6) heal();
    else if (how < 0.7) await cancel();
  }

  async function canceling(): Promise<void> {
    if (!chance(0.3)) return;
    if ((await ask('reactivate', {})) !== null) subscribed.reactivations += 1;
  }

  async function inForce({ id, plan_id: planId }: { readonly id: string; readonly plan_id: string }) {
    const how = random();
    if (planId === 'free') return how < 0.3 ? cancel() : subscribe();
    if (how < 0.1) return change();
    if (how < 0.16) return cancel();
    if (how < 0.22) return newCard();
    if (how < 0.26) return breakCard();
    if (how < 0.3) return heal();
    if (how < 0.34) return refund(id);
    if (how < 0.36) return refundInDashboard();
    if (how < 0.38) return dispute();
    return payOpen();
  }

  async function cancel(): Promise<void> {
    const { body } = await insist('GET', '/me/subscription');
    const paymentId = body.pending?.invoice?.id;
    if ((await ask('cancel', {})) === null) return;
    subscribed.cancels += 1;
    if (paymentId !== undefined && control.hasPayment(paymentId)) left.push(paymentId);
  }

  /** Up, down, or to the other cycle: at once or at the period's end. */
  async function change(): Promise<void> {
    const wish = pick<object>([
      { plan_id: 'premium' },
      { plan_id: 'creator' },
      { billing_cycle: 'yearly' },
      { billing_cycle: 'monthly' },
      { plan_id: 'premium', billing_cycle: 'yearly' },
      { plan_id: 'free' },
    ]);
    const preview = chance(0.5) ? await ask('change/preview', wish) : null;
    const at = preview?.proration_at;
    const asked = await ask('change', { ...wish, ...(typeof at === 'string' && { proration_at: at }) });
    if (asked !== null) subscribed.changes += 1;
  }

  async function newCard(): Promise<void> {
    const asked = await ask('payment-method', {});
    const setupId = asked?.payment?.payment_id;
    if (setupId === undefined || !(await isAtThePsp(setupId)) || chance(0.1)) return;
    if (control.payment(setupId).status !== 'cancelled') control.pay(setupId, { card: pick(CARDS) });
    subscribed.cards += 1;
  }

  /** The bank declines from now on, or the card is gone. */
  function breakCard(): void {
    const method = control.methods(person.id).at(-1);
    if (method === undefined) return;
    const { payment_method_id: id } = method;
    const how = random();
    if (how < 0.4) control.setMethod(id, { charges: { declineCode: 'insufficient_funds' } });
    else if (how < 0.6) control.killMethod(id, 'lost');
    else if (how < 0.8) control.killMethod(id, 'detached');
    else control.setMethod(id, { charges: 'want_buyer' });
  }

  function heal(): void {
    for (const { payment_method_id: id, isAttached } of control.methods(person.id))
      if (isAttached) control.setMethod(id, { charges: 'succeed' });
  }

  /** An admin gives an invoice back, whole or in part. */
  async function refund(subscriptionId: string): Promise<void> {
    const { body } = await insist('GET', '/subscriptions/invoices');
    const paid = (body.data ?? []).filter(
      ({ status }) => status === 'paid' || status === 'partially_refunded',
    );
    if (paid.length === 0) return;
    const { id, amount } = pick(paid);
    const isPart = chance(0.6);
    const { status, body: answer } = await admin('POST', `/admin/invoices/${id}/refund`, {
      reason: `the fault script, of subscription ${subscriptionId}`,
      ...(isPart && { amount: Math.max(1, Math.floor(amount * random())) }),
      ...(isPart && chance(0.2) && { end_access: true }),
    });
    if (status < 300) subscribed.refunds += 1;
    else if (status < 500 && status !== 422)
      subscribed.refused[answer.code ?? ''] = (subscribed.refused[answer.code ?? ''] ?? 0) + 1;
    else throw new Error(`a refund of an invoice was answered ${status}: ${JSON.stringify(answer)}`);
  }

  function paidAtThePsp() {
    return control
      .payments()
      .filter(
        ({ customer_id: customer, status, amount }) =>
          customer === person.id && status === 'succeeded' && amount > 0,
      );
  }

  /** Somebody gives a part back at the PSP itself; its webhook may be lost like any other. */
  function refundInDashboard(): void {
    const paid = paidAtThePsp();
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
  async function dispute(): Promise<void> {
    const paid = paidAtThePsp().filter(
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

  /** A payment is answered while a PSP that is slow is still being asked. */
  async function isAtThePsp(paymentId: string): Promise<boolean> {
    for (const endsAtMs = Date.now() + AT_THE_PSP_WITHIN_MS; Date.now() < endsAtMs;) {
      if (control.hasPayment(paymentId)) return true;
      await sleep(LOOK_EVERY_MS);
    }
    return false;
  }
}
