import { condition, proxyActivities, proxyLocalActivities, setHandler } from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';
import type { LookedUpPayment, OrderOpening } from '../activities/orders.ts';
import type { OrderPlacing, OrderRequest, OutsideEvent, PaymentFact } from '../domain/messages.ts';
import type { OrderStatus } from '../domain/machines/order.ts';
import { Mailbox } from './mailbox.ts';
import { catchStraySignals, outside, payment, placed, settleMessages } from './messages.ts';
import { askPsp, databaseVerb, PAYMENT_ANSWER_WAIT, UNDERWAY_PAYMENT_LOOK_MS } from './policies.ts';
import { describe, show } from './sight.ts';

const { openOrder, settlePayment, settleOutsideEvent } = proxyLocalActivities<Activities>(databaseVerb);
const { createPayment, lookUpPayment, readOutsideRefund } = proxyActivities<Activities>({
  ...askPsp,
  summary: 'Asks the PSP about the payment',
});

export type OrderOutcome = { readonly status: string };

/** A purchase: the order is written, its payment created, and the PSP's word completes or fails it. */
export async function order(request: OrderRequest): Promise<OrderOutcome> {
  const facts = new Mailbox<PaymentFact>();
  const events = new Mailbox<OutsideEvent>();
  let placing: OrderPlacing | undefined;
  let opening: OrderOpening | undefined;
  setHandler(payment, (fact) => facts.put(fact));
  setHandler(outside, (event) => events.put(event));
  setHandler(placed, () => answerOncePlaced());
  const strays = catchStraySignals();

  async function answerOncePlaced(): Promise<OrderPlacing> {
    await condition(() => opening !== undefined);
    // The buyer gets an answer while a slow PSP is still being asked.
    await condition(() => placing !== undefined, PAYMENT_ANSWER_WAIT);
    return placing ?? unanswered(opening!);
  }

  opening = await openOrder(request);
  if ('refused' in opening) {
    placing = opening;
    await settleMessages(strays);
    return { status: opening.refused.code };
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

  let outcome: OrderOutcome = { status: opening.status };
  if (opening.status === 'pending') outcome = await settle(orderId, await firstWord(opening, facts), facts);
  do {
    for (let fact = facts.take(); fact; fact = facts.take())
      outcome = await settle(orderId, asDecided(fact), facts);
    // What came from outside waits for the payment that it is about.
    for (let event = events.take(); event; event = events.take()) await book(orderId, event);
    await settleMessages(strays);
  } while (!facts.isEmpty || !events.isEmpty);
  return outcome;
}

/** The PSP's webhook, or after ORDER_PAYMENT_TIMEOUT the PSP's answer to a question. */
async function firstWord(
  { orderId, expiresInMs }: Exclude<OrderOpening, { refused: unknown }>,
  facts: Mailbox<PaymentFact>,
): Promise<PaymentFact> {
  describe(['Nothing: the buyer pays, or the order expires.'], [['State', 'waiting for the payment']]);
  for (let waitMs = expiresInMs; ; waitMs = UNDERWAY_PAYMENT_LOOK_MS) {
    const word = (await facts.next(waitMs)) ?? (await lookUp(orderId, facts));
    if (word === 'unpaid') return failure('expired');
    if (word !== 'underway') return word;
    describe(['Check the payment at the PSP.'], [['State', 'the payment is still underway at the PSP']]);
  }
}

/** The PSP's answer to a question, or its webhook where that is faster: a PSP that is down must not hold it up. */
async function lookUp(orderId: string, facts: Mailbox<PaymentFact>): Promise<LookedUpPayment> {
  const found = await Promise.race([lookUpPayment(orderId), condition(() => !facts.isEmpty)]);
  return facts.take() ?? (found as LookedUpPayment);
}

/** What lists show of an order after its payment was settled; nothing where nothing changed. */
const ORDER_STATUS_AFTER: Readonly<Record<string, OrderStatus>> = {
  completed: 'completed',
  failed: 'failed',
  given_back: 'refund_pending',
  cancelled: 'refunded',
};

async function settle(
  orderId: string,
  said: PaymentFact,
  facts: Mailbox<PaymentFact>,
): Promise<OrderOutcome> {
  const { status } = await settlePayment(orderId, await complete(orderId, said, facts));
  const shown = ORDER_STATUS_AFTER[status];
  if (shown !== undefined) {
    show({ VezaStatus: shown });
    describe([], [['State', shown]]);
  }
  return { status };
}

/**
 * A capture whose amount nobody said is read at the PSP before anything is decided. While the PSP does not say so too,
 * neither word is believed: the next webhook or the next look decides.
 */
async function complete(
  orderId: string,
  said: PaymentFact,
  facts: Mailbox<PaymentFact>,
): Promise<PaymentFact> {
  let fact = said;
  while (isIncomplete(fact)) {
    const found = await lookUp(orderId, facts);
    const stands = found !== 'underway' && found !== 'unpaid' && !isIncomplete(found);
    fact = stands ? found : ((await facts.next(UNDERWAY_PAYMENT_LOOK_MS)) ?? fact);
  }
  return fact;
}

async function book(orderId: string, event: OutsideEvent): Promise<void> {
  if (event.kind === 'dispute') return settleOutsideEvent(orderId, event);
  const { providerRefundId, amountMinor, currency } = event;
  const refund =
    amountMinor !== null && currency !== null
      ? ({ kind: 'refund', providerRefundId, amountMinor, currency } as const)
      : await readOutsideRefund(providerRefundId);
  if (refund !== null) await settleOutsideEvent(orderId, refund);
}

/** A failure told of an order that was decided before changes nothing: it need not be read. */
const asDecided = (fact: PaymentFact): PaymentFact =>
  fact.verdict === 'failed' ? { ...fact, unread: undefined } : fact;

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
