import { findPayment, type FoundPayment, readSubscriptionLabel } from '../db/subscriptions/index.ts';
import type { OutsideEvent } from '../domain/marketplace/index.ts';
import { subscriptionWorkflowId } from '../domain/subscriptions/index.ts';
import type { PaymentEvent } from '../providers/webhooks/hyperswitch-event.ts';
import { paymentReport } from '../providers/webhooks/reports.ts';
import { type Dispatched, hint, ignored, signalled } from './dispatched.ts';
import type { InboxDeps } from './deps.ts';

/** Sends a payment's event to the subscription that it is of; null where no attempt and no set-up payment has its id. */
export async function dispatchSubscriptionPayment(
  deps: InboxDeps,
  event: PaymentEvent,
  webhookId: string | null,
): Promise<Dispatched | null> {
  const found = await findNamed(deps, event.paymentId);
  if (found === null) return null;
  // The PSP also reports each payment that we cancel: that is not worth a workflow.
  if (paymentReport(event)?.verdict === 'failed' && isOver(found))
    return ignored('the attempt has ended already');
  const { subscriptionId } = found;
  const news = { paymentId: event.paymentId ?? '' };
  return notify(deps, subscriptionId, (label) =>
    deps.engine.notifySubscriptionPayment(hint(news, webhookId), label),
  );
}

/**
 * The bank wants the buyer of a charge that was processed when the PSP answered: nobody is there, so its subscription ends it
 * at the PSP and tells them. Null for all else that is not over; where the answer is still to come, that one says so.
 */
export async function dispatchWantedBuyer(
  deps: InboxDeps,
  { paymentId, status }: PaymentEvent,
  webhookId: string | null,
): Promise<Dispatched | null> {
  if (status !== WANTS_THE_BUYER || paymentId === undefined) return null;
  const found = await findNamed(deps, paymentId);
  if (found?.kind !== 'attempt' || found.attempt.onSession || isOver(found)) return null;
  const { providerStatus } = found.attempt;
  if (providerStatus === null || providerStatus === WANTS_THE_BUYER) return null;
  return notify(deps, found.subscriptionId, (label) =>
    deps.engine.notifySubscriptionPayment(hint({ paymentId }, webhookId), label),
  );
}

const WANTS_THE_BUYER = 'requires_customer_action';

/** Sends the news of a dispute of such a payment, or of a refund that we did not ask for. */
export async function dispatchInvoiceEvent(
  deps: InboxDeps,
  paymentId: string | undefined,
  event: OutsideEvent,
  webhookId: string | null,
): Promise<Dispatched | null> {
  const found = await findNamed(deps, paymentId);
  if (found?.kind !== 'attempt' || paymentId === undefined) return null;
  return notify(deps, found.subscriptionId, (label) =>
    deps.engine.notifySubscriptionOutside(hint({ ...event, paymentId }, webhookId), label),
  );
}

const findNamed = async ({ db }: InboxDeps, paymentId: string | undefined) =>
  paymentId === undefined ? null : findPayment(db, paymentId);

const isOver = (found: FoundPayment): boolean =>
  found.kind === 'attempt' ? found.attempt.status !== 'pending' : found.setup.endedAt !== null;

type Label = NonNullable<Awaited<ReturnType<typeof readSubscriptionLabel>>>;

async function notify(
  { db }: InboxDeps,
  subscriptionId: string,
  tell: (label: Label) => Promise<void>,
): Promise<Dispatched> {
  const label = await readSubscriptionLabel(db, subscriptionId);
  if (label === undefined) throw new Error(`subscription ${subscriptionId} has payments and no row`);
  await tell(label);
  return signalled(subscriptionWorkflowId(subscriptionId));
}
