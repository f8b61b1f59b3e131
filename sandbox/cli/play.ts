import { checkBooks } from '../../db/invariants/index.ts';
import { openDatabase } from '../../db/client.ts';
import { formatMoney } from '../../domain/kernel/money.ts';
import { seed } from '../../ops/commands/seed.ts';
import { beginAccount, endAccount } from './account.ts';
import {
  apiAs,
  type Order,
  type OrderInFull,
  type Refund,
  type Reversal,
  type Transfer,
} from './api-client.ts';
import { follow, until } from './follow.ts';
import { playLostWebhook } from './lost-webhook.ts';
import { playPartialRefund } from './partial-refund.ts';
import { playSubscription } from './subscription.ts';
import type { Stage } from './stage.ts';
import type { Summary } from './summary.ts';
import type { Teller } from './teller.ts';

interface Seeded {
  readonly buyer: { readonly token: string };
  readonly admin: { readonly token: string };
  readonly products: readonly { readonly id: string; readonly seller_id: string }[];
}

/** Minutes in production; seconds before an audience. */
export const SECONDS_NOT_MINUTES: Readonly<Record<string, string>> = {
  REVERSAL_BACKOFF_BASE: '1s',
  REVERSAL_CHECK_INTERVAL: '1s',
  TRANSFER_RETRY_BACKOFF_BASE: '1s',
  RECONCILE_REFUND_STUCK_AFTER: '1s',
};

/** Months in production; seconds before an audience: five for a month of billing time, from now on. */
export const secondsNotMonths = (): Readonly<Record<string, string>> => ({
  BILLING_TIME_SCALE: '500000',
  BILLING_TIME_START: new Date().toISOString(),
  SUBSCRIPTION_DUNNING: '3d,8d,26d',
  SUBSCRIPTION_PAYMENT_TIMEOUT: '360d',
  SUBSCRIPTION_QUOTE_TTL: '30d',
});

/** How many calls to Stripe fail before it works again: each of the two reversals meets about half of them. */
const OUTAGE_CALLS = 4;

/** Plays the main job before an audience: it shows what the API answered or the rows hold, never what should be. */
export async function play(
  veza: Stage,
  tell: Teller,
  /** Done once, while reversals wait for their next attempt; says what it did. */
  inTheMiddle: (() => string) | null = null,
): Promise<Summary> {
  const people = JSON.parse(await seed(['--json'], veza.env)) as Seeded;
  const buyer = apiAs(veza.apiUrl, people.buyer.token);
  const admin = apiAs(veza.apiUrl, people.admin.token);

  const begunAccount = await beginAccount(veza, tell);

  tell.step('A buyer orders from two sellers');
  const items = oneOfEachSeller(people).map((product) => ({ product_id: product.id }));
  const placed = await buyer.post<{ order: Order }>('/marketplace/orders', { items });
  const orderId = placed.order.id;
  const orderPath = `/marketplace/orders/${orderId}`;
  tell.detail(
    `order ${orderId}: ${placed.order.status}, ${formatMoney(placed.order.amount, placed.order.currency)}`,
  );

  const readOrder = async () => (await buyer.get<{ order: OrderInFull }>(orderPath)).order;
  const { payment } = await until(readOrder, (order) => order.payment !== null);
  tell.step(`The buyer pays at the PSP (payment ${payment?.payment_id}: ${payment?.status})`);
  veza.psp.control.pay(orderId);
  await follow('order', readOrder, (order) => order.status === 'completed', tell);

  tell.step("The sellers' shares go out through Stripe");
  const readTransfers = async () =>
    (await admin.get<{ data: Transfer[] }>(`/admin/transfers?order_id=${orderId}`)).data;
  const sent = await until(
    readTransfers,
    (all) => all.length > 0 && all.every((one) => one.status === 'completed'),
  );
  for (const one of sent) {
    tell.detail(
      `transfer ${one.id}: ${one.status}, ${formatMoney(one.amount, one.currency)}, ${one.stripe_transfer_id}`,
    );
  }

  tell.step(`Stripe fails: the next ${OUTAGE_CALLS} reversals asked of it get a 503`);
  veza.stripe.control.addFault({
    kind: 'status',
    match: 'transfers.createReversal',
    status: 503,
    times: OUTAGE_CALLS,
  });

  tell.step('The buyer asks for a refund');
  const opened = await buyer.post<{ refund: Refund; message: string }>(`${orderPath}/refund`, {
    reason: 'bought the wrong licence',
  });
  tell.detail(
    `refund ${opened.refund.id}: ${opened.refund.status}, ${formatMoney(opened.refund.amount, opened.refund.currency)}`,
  );
  tell.detail(`the API says: ${opened.message}`);
  const refundPath = `/marketplace/refunds/${opened.refund.id}`;
  const readRefund = async () => (await buyer.get<{ refund: Refund }>(refundPath)).refund;
  await follow('refund', readRefund, (refund) => refund.status !== 'pending', tell);
  await follow('order', readOrder, (order) => order.status !== 'refund_pending', tell);

  tell.step(
    'The buyer has the money. Behind it the shares are taken back, with backoff while Stripe is down',
  );
  const readReversals = async () =>
    (await admin.get<{ data: Reversal[] }>(`/admin/reversals?order_id=${orderId}`)).data;
  const seen = new Map<string, string>();
  let pending = inTheMiddle;
  const reversals = await until(readReversals, (all) => {
    for (const one of all) {
      const now = `${one.status}${one.retry_count > 0 ? `, ${one.retry_count} failed` : ''}`;
      if (seen.get(one.id) === now) continue;
      seen.set(one.id, now);
      const next =
        one.next_retry_at === null
          ? ''
          : `, next ${one.next_retry_at} (${one.error_message ?? 'first attempt'})`;
      tell.detail(
        `reversal ${one.id}: ${now}${one.status === 'pending' ? next : `, ${one.stripe_reversal_id}`}`,
      );
      if (pending !== null && one.retry_count > 0) {
        tell.step(pending());
        pending = null;
      }
    }
    return all.length > 0 && all.every((one) => one.status !== 'pending');
  });

  const partialRefund = await playPartialRefund(veza, tell, { buyer, admin, items });
  const lostWebhook = await playLostWebhook(veza, tell, { buyer, admin, items });

  const runsFast = veza.env['BILLING_TIME_SCALE'] !== undefined;
  const subscription = runsFast ? await playSubscription(veza, tell) : null;

  const account = await endAccount(veza, tell, begunAccount);

  tell.step('The books are checked');
  const transfers = await until(readTransfers, (all) =>
    all.every((one) => one.status !== 'reversal_pending'),
  );
  const audit = await countBroken(veza);
  for (const invariant of audit.invariants)
    tell.detail(`invariant ${invariant.number}: ${invariant.violations} violations`);
  return {
    order: await readOrder(),
    refund: await readRefund(),
    transfers: transfers.map((one) => ({
      ...one,
      reversals: reversals.filter((reversal) => reversal.transfer_id === one.id),
    })),
    partial_refund: partialRefund,
    lost_webhook: lostWebhook,
    subscription,
    account,
    audit,
    addresses: {
      api: `${veza.apiUrl}/api/v1`,
      docs: `${veza.apiUrl}/docs`,
      ops_console: `${veza.apiUrl}/ops`,
      temporal_ui: veza.temporalUiUrl,
      mails: veza.mailsUrl ?? null,
      hyperswitch_sandbox: `${veza.psp.url}/_sandbox`,
      stripe_sandbox: `${veza.stripe.url}/_sandbox`,
    },
  };
}

/** Whether the play ended as it should. */
export const endedWell = (summary: Summary): boolean =>
  summary.order.status === 'refunded' &&
  summary.refund.status === 'succeeded' &&
  summary.transfers.every((transfer) => transfer.status === 'reversed') &&
  summary.partial_refund.order.status === 'partially_refunded' &&
  summary.lost_webhook.refund.status === 'succeeded' &&
  (summary.subscription === null || summary.subscription.invoices.every(({ status }) => status === 'paid')) &&
  summary.account.role === 'creator' &&
  summary.account.stolen === 'refresh_token_reused' &&
  summary.account.by_provider?.is_verified !== false &&
  summary.audit.violations === 0;

function oneOfEachSeller({ products }: Seeded) {
  const sellers = new Set<string>();
  return products.filter(({ seller_id }) => !sellers.has(seller_id) && sellers.add(seller_id)).slice(0, 2);
}

async function countBroken(veza: Stage): Promise<Summary['audit']> {
  const database = openDatabase(veza.env['DATABASE_URL'] ?? '', { maxConnections: 1 });
  try {
    const report = await checkBooks(database.db);
    return {
      violations: report.reduce((sum, one) => sum + one.violations.length, 0),
      invariants: report.map((one) => ({ number: one.number, violations: one.violations.length })),
    };
  } finally {
    await database.close();
  }
}
