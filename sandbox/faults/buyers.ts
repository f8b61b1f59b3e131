import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Veza } from '../cli/veza.ts';
import { randomFrom } from '../../stand-ins/kernel/random.ts';
import { chargeGrain } from '../../stand-ins/stripe/grain.ts';
import type { FaultRun } from './options.ts';

export interface Shop {
  readonly tokens: readonly string[];
  readonly sellerTokens: readonly string[];
  readonly products: readonly { readonly id: string; readonly currency: string }[];
}

/** Calls to the API, by their results. */
export interface Bought {
  orders: number;
  refunds: number;
  /** Refused, for example because no webhook has completed the order yet. */
  refusedRefunds: number;
  /** Answers of 503 and calls without an answer: repeated under the same key. */
  repeated: number;
  terminated: number;
  /** Disputed payments, each with its outcomes. */
  disputes: number;
  payouts: number;
  /** Refused, for example because the seller has less. */
  refusedPayouts: number;
  /** Events of Stripe's other mode about our objects. */
  otherMode: number;
}

export interface Answer {
  readonly status: number;
  readonly body: {
    readonly order?: {
      readonly id: string;
      readonly status: string;
      readonly amount: number;
      readonly items: readonly { readonly id: string }[];
    };
    readonly refund?: { readonly id: string };
    readonly payout?: { readonly id: string };
    readonly product?: { readonly id: string };
    readonly subscription?: SubscriptionShown | null;
    readonly pending?: {
      readonly subscription: SubscriptionShown;
      readonly invoice: { readonly id: string } | null;
    } | null;
    readonly invoice?: { readonly id: string } | null;
    readonly payment?: { readonly payment_id: string } | null;
    readonly proration_at?: string | null;
    readonly data?: readonly { readonly id: string; readonly status: string; readonly amount: number }[];
    /** Of a refusal. */
    readonly code?: string;
  };
}

export interface SubscriptionShown {
  readonly id: string;
  readonly plan_id: string;
  readonly status: string;
  readonly cancel_at_period_end: boolean;
}

/** A caller of the API: each call has a key, and is repeated under it until there is an answer. */
export function insistAs(
  token: string,
  { veza, bought }: { readonly veza: Pick<Veza, 'apiUrl'>; readonly bought: Bought },
): (method: string, path: string, body?: unknown) => Promise<Answer> {
  return async (method, path, body) => {
    const key = randomUUID();
    for (const endsAtMs = Date.now() + ANSWERED_WITHIN_MS; ;) {
      const answer = await callOnce(`${veza.apiUrl}/api/v1${path}`, { method, token, key, body });
      if (answer !== null && answer.status !== 503) return answer;
      if (Date.now() > endsAtMs) {
        const last = answer === null ? 'no answer' : JSON.stringify(answer.body);
        throw new Error(`${method} ${path} under ${key} is not answered; the last time: ${last}`);
      }
      bought.repeated += 1;
      await sleep(1_000);
    }
  };
}

const PAID_WITHIN_MS = 15_000;
const COMPLETED_WITHIN_MS = 3_000;
const LOOK_EVERY_MS = 100;
/** Longer than workers that are killed again and again on a busy machine need: what is asked for longer is lost. */
const ANSWERED_WITHIN_MS = 300_000;

/** How disputes go on after they were opened; the first stays open. */
export const TURNS: readonly (readonly Parameters<Veza['psp']['control']['turnDispute']>[1][])[] = [
  [],
  [{ status: 'won' }],
  [{ status: 'lost' }],
  [{ status: 'lost' }],
  [{ status: 'cancelled' }],
  [{ status: 'lost' }, { status: 'won' }],
  [{ status: 'won' }, { stage: 'pre_arbitration', status: 'opened' }, { status: 'lost' }],
  [{ status: 'lost' }, { stage: 'pre_arbitration', status: 'opened' }],
  [
    { status: 'lost' },
    { stage: 'pre_arbitration', status: 'opened' },
    { stage: 'arbitration', status: 'won' },
  ],
];

/** Buys and asks for refunds, one thing after another, until it is told to stop. */
export async function buy(
  { veza, shop, bought, run, number, terminate }: BuyerTask,
  until: AbortSignal,
): Promise<void> {
  const random = randomFrom(run.seed * 1_000 + number);
  const chance = (share: number) => random() < share;
  const pick = <T>(all: readonly T[]): T => all[Math.floor(random() * all.length)]!;
  const token = shop.tokens[number % shop.tokens.length]!;
  const call = insistAs(token, { veza, bought });
  const readOrder = async (id: string) => (await call('GET', `/marketplace/orders/${id}`)).body.order!;

  /** Paid, and not completed when it should have been: asked about again after a while. */
  const later: string[] = [];
  /** At their bank, from where they come back too late. */
  const away: string[] = [];
  while (!until.aborted) {
    if (later.length > 0 && chance(0.3)) await refund(later.shift()!);
    if (away.length > 0 && (await readOrder(away[0]!)).status !== 'pending') comeBack(away.shift()!);
    const { currency } = pick(shop.products);
    const priced = shop.products.filter((product) => product.currency === currency);
    const products = new Set(Array.from({ length: 1 + Math.floor(random() * 3) }, () => pick(priced)));
    const items = [...products].map(({ id }) => ({ product_id: id }));
    const placed = await call('POST', '/marketplace/orders', { items });
    const orderId = placed.body.order?.id;
    if (orderId === undefined) throw new Error(`an order was answered ${placed.status}`);
    bought.orders += 1;
    if (await isAtThePsp(veza, orderId)) await pay(orderId);
    await sleep(run.restMs);
  }

  /** Most buyers pay; some cannot, some never do, some too late, and now and then another amount arrives. */
  async function pay(orderId: string): Promise<void> {
    const { control } = veza.psp;
    // The PSP was quicker than the buyer, and no bank takes back what it decided.
    if (control.payment(orderId).status === 'succeeded') return follow(orderId);
    if (chance(0.03)) return;
    if (chance(0.02)) {
      control.setPaymentStatus(orderId, 'requires_customer_action');
      away.push(orderId);
      return;
    }
    if (chance(0.04)) {
      control.fail(orderId);
      return;
    }
    // Declined: most take another card, while the first one's failure is still on its way.
    if (chance(0.08)) control.fail(orderId, 'Your card was declined.', { mayRetry: true });
    if (control.payment(orderId).status === 'failed' && chance(0.2)) return;
    if (chance(0.03)) {
      const { amount, currency } = control.payment(orderId);
      control.pay(orderId, { amountReceivedMinor: amount - chargeGrain(currency) });
      return;
    }
    control.pay(orderId);
    await follow(orderId);
  }

  /** The order has expired; the connector was not told, and captures the payment. */
  function comeBack(orderId: string): void {
    const { control } = veza.psp;
    if (control.payment(orderId).status === 'cancelled') control.pay(orderId);
  }

  async function follow(orderId: string): Promise<void> {
    for (const endsAtMs = Date.now() + COMPLETED_WITHIN_MS; Date.now() < endsAtMs;) {
      if ((await readOrder(orderId)).status === 'completed') break;
      await sleep(LOOK_EVERY_MS);
    }
    if (chance(0.1)) {
      await dispute(orderId);
      return;
    }
    if (chance(0.05)) refundInDashboard(orderId);
    if (chance(0.75) && !(await refund(orderId))) later.push(orderId);
    // A second refund, which meets the first, or takes the rest.
    if (chance(0.2)) await refund(orderId);
  }

  /** Disputes an order that nobody refunds: opens it, turns it, and reports each further stage. */
  async function dispute(orderId: string): Promise<void> {
    const { control } = veza.psp;
    const { amount, currency } = control.payment(orderId);
    const amountMinor = chance(0.5) ? amount : part(amount, currency);
    const { dispute_id: disputeId } = control.openDispute(orderId, amountMinor);
    bought.disputes += 1;
    for (const turn of pick(TURNS)) {
      await sleep(random() * 1_000);
      control.turnDispute(disputeId, turn);
    }
  }

  /** Somebody gives a part back at the PSP itself; its webhook may be lost like any other. */
  function refundInDashboard(orderId: string): void {
    const { control } = veza.psp;
    const leftMinor = control
      .refunds(orderId)
      .filter(({ status }) => status !== 'failed')
      .reduce((left, one) => left - one.amount, control.payment(orderId).amount_received ?? 0);
    if (leftMinor > 0)
      control.createExternalRefund(orderId, part(leftMinor, control.payment(orderId).currency));
  }

  /** As much as Stripe takes in the currency, and at least its grain. */
  function part(amountMinor: number, currency: string): number {
    const grain = chargeGrain(currency);
    return Math.max(grain, Math.floor((amountMinor * random()) / grain) * grain);
  }

  async function refund(orderId: string): Promise<boolean> {
    const { amount, items } = await readOrder(orderId);
    const how = random();
    const body =
      how < 0.45
        ? {}
        : how < 0.75
          ? { amount: Math.max(1, Math.floor(amount * random())) }
          : { items: [pick(items).id] };
    const { status, body: answer } = await call('POST', `/marketplace/orders/${orderId}/refund`, body);
    if (answer.refund === undefined) {
      if (status !== 400) throw new Error(`a refund was answered ${status}: ${JSON.stringify(answer)}`);
      bought.refusedRefunds += 1;
      return false;
    }
    bought.refunds += 1;
    if (chance(run.terminate) && (await terminate(`refund/${answer.refund.id}`))) bought.terminated += 1;
    return true;
  }
}

export interface BuyerTask {
  readonly veza: Pick<Veza, 'apiUrl' | 'psp'>;
  readonly shop: Shop;
  readonly bought: Bought;
  readonly run: FaultRun;
  readonly number: number;
  /** False where it had ended. */
  readonly terminate: (workflowId: string) => Promise<boolean>;
}

async function callOnce(
  url: string,
  { method, token, key, body }: { method: string; token: string; key: string; body: unknown },
): Promise<Answer | null> {
  const headers = {
    authorization: `Bearer ${token}`,
    'idempotency-key': key,
    ...(body !== undefined && { 'content-type': 'application/json' }),
  };
  try {
    const answer = await fetch(url, {
      method,
      headers,
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    return { status: answer.status, body: (await answer.json()) as Answer['body'] };
  } catch {
    return null;
  }
}

/** An order is answered while a PSP that is slow is still being asked. */
async function isAtThePsp({ psp }: Pick<Veza, 'psp'>, orderId: string): Promise<boolean> {
  for (const endsAtMs = Date.now() + PAID_WITHIN_MS; Date.now() < endsAtMs;) {
    if (psp.control.hasPayment(orderId)) return true;
    await sleep(LOOK_EVERY_MS);
  }
  return false;
}
