import { formatMoney } from '../../domain/kernel/money.ts';
import { openWithSql } from '../database.ts';
import { makePeople, type Person } from '../people.ts';
import {
  type Api,
  apiAs,
  type ChangePreview,
  type Invoice,
  type MySubscription,
  type Subscription,
} from './api-client.ts';
import { until } from './follow.ts';
import type { Stage } from './stage.ts';
import type { PlayedSubscription } from './summary.ts';
import type { Teller } from './teller.ts';

/** The renewal, and the first step of dunning. */
const DECLINED = 2;

interface Begun {
  readonly subscription: Subscription;
  readonly invoice: Invoice;
}

/** Subscribed, paid, renewed against a bank that declines, recovered, upgraded, cancelled: in seconds for months. */
export async function playSubscription(
  { apiUrl, psp, env }: Pick<Stage, 'apiUrl' | 'psp' | 'env'>,
  tell: Teller,
): Promise<PlayedSubscription> {
  const database = openWithSql(env['DATABASE_URL'] ?? '', { maxConnections: 1 });
  try {
    const [person] = await makePeople(database, { env }, 1);
    if (person === undefined) throw new Error('nobody was made');
    const me = apiAs(apiUrl, person.token);
    const readMine = () => me.get<MySubscription>('/me/subscription');
    const id = await subscribeAndPay({ psp }, tell, { me, readMine });

    tell.step(`A month passes. The bank of the card on file declines the next ${DECLINED} charges`);
    psp.control.addFault({
      kind: 'chargeOutcome',
      outcome: 'failed',
      declineCode: 'insufficient_funds',
      where: { customer_id: person.id },
      times: DECLINED,
    });
    const refused = await until(readMine, (mine) => mine.pending?.subscription.status === 'past_due');
    const features = refused.pending?.subscription.features;
    tell.detail(
      `subscription ${id}: past_due, may distribute: ${features?.can_distribute}; ${refused.message}`,
    );
    const nextAt = refused.pending?.next_attempt_at;
    if (nextAt) tell.detail(`dunning: the card is charged again ${nextAt} of billing time`);
    await until(
      async () => declinedOf({ psp }, person),
      (count) => count === DECLINED,
    );
    tell.detail('dunning: declined once more; a mail says what comes next');
    const recovered = await until(readMine, (mine) => mine.subscription?.status === 'active');
    tell.detail(`subscription ${id}: active again, until ${recovered.subscription?.current_period_end}`);

    await upgrade(tell, { me, readMine });
    await cancelAtEnd(tell, { me, readMine });
    const mails = await database.sql<{ kind: string }[]>`
      SELECT kind FROM mails WHERE user_id = ${person.id} ORDER BY created_at, id`;
    tell.detail(`mails: ${mails.map(({ kind }) => kind).join(', ')}`);
    const { data: newestFirst } = await me.get<{ data: Invoice[] }>('/subscriptions/invoices');
    const invoices = newestFirst.toReversed();
    for (const { number, status, amount, currency, reason } of invoices)
      tell.detail(`invoice ${number}: ${status}, ${formatMoney(amount, currency)} (${reason})`);
    return { id, invoices, declined: declinedOf({ psp }, person), mails: mails.map(({ kind }) => kind) };
  } finally {
    await database.close();
  }
}

interface Subscriber {
  readonly me: Api;
  readonly readMine: () => Promise<MySubscription>;
}

async function subscribeAndPay(
  { psp }: Pick<Stage, 'psp'>,
  tell: Teller,
  { me, readMine }: Subscriber,
): Promise<string> {
  tell.step('Somebody subscribes to Creator by the month');
  const { subscription, invoice } = await me.post<Begun>('/subscriptions/subscribe', { plan_id: 'creator' });
  const { message } = await readMine();
  tell.detail(
    `subscription ${subscription.id}: ${subscription.status}, ${formatMoney(invoice.amount, invoice.currency)}; ${message}`,
  );
  // The first attempt to pay an invoice has its id.
  await until(
    async () => psp.control.hasPayment(invoice.id),
    (isThere) => isThere,
  );
  psp.control.pay(invoice.id);
  const paid = await until(readMine, (mine) => mine.subscription !== null);
  tell.detail(
    `subscription ${subscription.id}: ${paid.subscription?.status}, may distribute: ${paid.subscription?.features.can_distribute}, until ${paid.subscription?.current_period_end}`,
  );
  return subscription.id;
}

async function upgrade(tell: Teller, { me, readMine }: Subscriber): Promise<void> {
  tell.step('An upgrade to Premium, at once: the rest of the period is charged, less what is unused');
  const preview = await me.post<ChangePreview>('/subscriptions/change/preview', { plan_id: 'premium' });
  const lines = preview.lines.map(({ kind, amount }) => `${formatMoney(amount, preview.currency)} ${kind}`);
  tell.detail(`the preview: ${lines.join(', ')}: ${formatMoney(preview.amount, preview.currency)}`);
  await me.post('/subscriptions/change', { plan_id: 'premium', proration_at: preview.proration_at });
  await until(readMine, (mine) => mine.subscription?.plan_id === 'premium');
  tell.detail('the PSP says that it is paid: the plan is Premium');
}

async function cancelAtEnd(tell: Teller, { me, readMine }: Subscriber): Promise<void> {
  tell.step('It is cancelled, and stays until the period that is paid has ended');
  const { subscription } = await me.post<{ subscription: Subscription }>('/subscriptions/cancel', {});
  tell.detail(
    `subscription ${subscription.id}: ${subscription.status}, until ${subscription.current_period_end}`,
  );
  await until(readMine, (mine) => mine.subscription === null && mine.pending === null);
  tell.detail(`subscription ${subscription.id}: over`);
}

const declinedOf = ({ psp }: Pick<Stage, 'psp'>, { id }: Pick<Person, 'id'>): number =>
  psp.control.payments().filter(({ customer_id: customer, status }) => customer === id && status === 'failed')
    .length;
