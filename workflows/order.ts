import {
  condition,
  proxyActivities,
  proxyLocalActivities,
  setHandler,
  setWorkflowOptions,
} from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';
import type { OrderOpening } from '../activities/orders.ts';
import type { OrderPlacing, OrderRequest, OutsideEvent, PaymentFact } from '../domain/messages.ts';
import type { OrderStatus } from '../domain/machines/order.ts';
import { Mailbox } from './mailbox.ts';
import { catchStraySignals, outside, payment, placed, pspCall, settleMessages } from './messages.ts';
import {
  askPsp,
  databaseVerb,
  PAYMENT_ANSWER_WAIT,
  UNDERWAY_PAYMENT_LOOK_MS,
  MOVES_TO_NEW_VERSIONS,
} from './policies.ts';
import { describe, show } from './sight.ts';

const { openOrder, settlePayment, settleOutsideEvent } = proxyLocalActivities<Activities>(databaseVerb);
const { createPayment } = proxyActivities<Activities>({ ...askPsp, summary: 'Asks the PSP for the payment' });
const { lookUpPayment } = proxyActivities<Activities>({
  ...askPsp,
  summary: 'Asks the PSP how the payment stands',
});
const { readOutsideRefund } = proxyActivities<Activities>({
  ...askPsp,
  summary: 'Asks the PSP about a refund made there',
});

export type OrderOutcome = { readonly status: string };

/** A purchase: the order is written, its payment created, and the PSP's word completes or fails it. */
export async function order(request: OrderRequest): Promise<OrderOutcome> {
  const facts = new Mailbox<PaymentFact>();
  const events = new Mailbox<OutsideEvent>();
  let placing: OrderPlacing | undefined;
  let opening: OrderOpening | undefined;
  let outcome: OrderOutcome = { status: 'pending' };
  setHandler(payment, (fact) => facts.put(fact));
  setHandler(outside, (event) => events.put(event));
  setHandler(placed, () => answerOncePlaced());
  // The payment has the order's id, at the PSP too, and that is its key.
  setHandler(pspCall, () => ({ status: outcome.status, idempotencyKey: request.orderId }));
  const strays = catchStraySignals();

  async function answerOncePlaced(): Promise<OrderPlacing> {
    await condition(() => opening !== undefined);
    // The buyer gets an answer while a slow PSP is still being asked.
    await condition(() => placing !== undefined, PAYMENT_ANSWER_WAIT, {
      summary: 'Waits for the PSP, then answers the buyer without it',
    });
    return placing ?? unanswered(opening!);
  }

  opening = await openOrder(request);
  if ('refused' in opening) {
    placing = opening;
    await settleMessages(strays);
    outcome = { status: opening.refused.code };
    return outcome;
  }
  const { orderId, bodyHash } = opening;

  if (opening.status === 'pending') void askForPayment().catch(() => undefined);
  else placing = unanswered(opening);

  // The payment is created while its webhook may already come: whoever is first, only the webhook decides.
  async function askForPayment(): Promise<void> {
    const created = await createPayment(orderId);
    if ('refusedBecause' in created) {
      placing = { refused: { code: 'provider_refused', detail: created.refusedBecause } };
      facts.put(failure(created.refusedBecause));
    } else {
      placing = { orderId, payment: created, bodyHash };
    }
  }

  outcome = { status: opening.status };
  if (opening.status === 'pending') outcome = await settle(orderId, await firstWord(opening, facts));
  do {
    for (let said = facts.take(); said; said = facts.take()) {
      const fact = await confirmed(orderId, said);
      const settled = fact && (await settle(orderId, fact));
      // A word that comes a second time decides nothing.
      if (settled && settled.status !== 'already_decided') outcome = settled;
    }
    // What came from outside waits for the payment that it is about.
    for (let event = events.take(); event; event = events.take()) await book(orderId, event);
    await settleMessages(strays);
  } while (!facts.isEmpty || !events.isEmpty);
  return outcome;
}
setWorkflowOptions(MOVES_TO_NEW_VERSIONS, order);

/**
 * The word that decides a pending order: a webhook that names the money, or what the PSP says when it is asked, because
 * a webhook named none or because ORDER_PAYMENT_TIMEOUT is over.
 */
async function firstWord(
  { orderId, expiresInMs }: Exclude<OrderOpening, { refused: unknown }>,
  facts: Mailbox<PaymentFact>,
): Promise<PaymentFact> {
  describe(
    ['Nothing: the buyer pays, or the order expires.'],
    [
      ['State', 'waiting for the payment'],
      ['Idempotency key', orderId],
    ],
  );
  const expiresAtMs = Date.now() + expiresInMs;
  let lookAtMs = expiresAtMs;
  let captureTold = false;
  for (;;) {
    const said = await facts.next({
      timeoutMs: Math.max(lookAtMs - Date.now(), 1),
      summary: 'Waits for the payment, then asks the PSP',
    });
    // Once a capture was told, though without its amount, only the PSP itself can say that the payment failed.
    if (said && !isIncomplete(said) && !(captureTold && said.verdict === 'failed')) return said;
    captureTold ||= said?.verdict === 'captured';
    // A PSP that is down must not hold up its own webhook.
    const found = await Promise.race([lookUpPayment(orderId), condition(() => !facts.isEmpty)]);
    if (typeof found === 'object' && !isIncomplete(found)) return found;
    const expired = Date.now() >= expiresAtMs;
    if (found === 'unpaid' && expired) return failure('expired');
    lookAtMs = expired || captureTold ? Date.now() + UNDERWAY_PAYMENT_LOOK_MS : expiresAtMs;
    if (found === 'underway') {
      describe(['Check the payment at the PSP.'], [['State', 'the payment is still underway at the PSP']]);
    }
  }
}

/** What lists show of an order after its payment was settled; nothing where nothing changed. */
const ORDER_STATUS_AFTER: Readonly<Record<string, OrderStatus>> = {
  completed: 'completed',
  failed: 'failed',
  given_back: 'refund_pending',
  cancelled: 'refunded',
};

async function settle(orderId: string, fact: PaymentFact): Promise<OrderOutcome> {
  const { status } = await settlePayment(orderId, fact);
  const shown = ORDER_STATUS_AFTER[status];
  if (shown !== undefined) {
    show({ VezaStatus: shown });
    describe([], [['State', shown]]);
  }
  return { status };
}

/**
 * What is told of an order that was decided before. A failure changes nothing; money is read at the PSP where it was
 * not named, and what the PSP does not confirm is no money.
 */
async function confirmed(orderId: string, said: PaymentFact): Promise<PaymentFact | null> {
  if (said.verdict === 'failed' || !isIncomplete(said)) return said;
  const found = await lookUpPayment(orderId);
  return typeof found === 'object' && !isIncomplete(found) ? found : null;
}

async function book(orderId: string, event: OutsideEvent): Promise<void> {
  if (event.kind === 'dispute') {
    await settleOutsideEvent(orderId, event);
    return;
  }
  const { amountMinor, currency, providerRefundId } = event;
  const refund =
    amountMinor !== null && currency !== null
      ? { ...event, amountMinor, currency }
      : await readOutsideRefund(providerRefundId);
  if (refund === null) return;
  // Histories of before this had no answer here.
  const booked = await settleOutsideEvent(orderId, refund);
  if (!booked?.wantsPayment) return;
  // What was refunded was captured, and that event may come later or never: the PSP is asked.
  const found = await lookUpPayment(orderId);
  const isCaptured = typeof found === 'object' && found.verdict === 'captured' && !isIncomplete(found);
  await settleOutsideEvent(orderId, refund, isCaptured ? found : null);
}

const isIncomplete = ({ verdict, receivedMinor, currency, unread }: PaymentFact): boolean =>
  unread === true ||
  (verdict === 'captured' && (receivedMinor === null || receivedMinor <= 0 || currency === null));

const unanswered = (opening: OrderOpening): OrderPlacing =>
  'refused' in opening ? opening : { orderId: opening.orderId, payment: null, bodyHash: opening.bodyHash };

const failure = (message: string): PaymentFact => ({
  verdict: 'failed',
  receivedMinor: null,
  currency: null,
  message,
  connectorTransactionId: null,
});
