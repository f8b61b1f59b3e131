import { condition, proxyActivities, proxyLocalActivities, setHandler } from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';
import type { OrderOpening } from '../activities/orders.ts';
import type { OrderPlacing, OrderRequest, PaymentFact } from '../domain/messages.ts';
import { Mailbox } from './mailbox.ts';
import { catchStraySignals, payment, placed, settleMessages } from './messages.ts';
import { askPsp, databaseVerb, PAYMENT_ANSWER_WAIT, UNDERWAY_PAYMENT_LOOK_MS } from './policies.ts';
import { describe, show } from './sight.ts';

const { openOrder, settlePayment } = proxyLocalActivities<Activities>(databaseVerb);
const { createPayment, lookUpPayment } = proxyActivities<Activities>(askPsp);

export type OrderOutcome = { readonly status: string };

/** A purchase: the order is written, its payment created, and the PSP's word completes or fails it. */
export async function order(request: OrderRequest): Promise<OrderOutcome> {
  const facts = new Mailbox<PaymentFact>();
  let placing: OrderPlacing | undefined;
  let opening: OrderOpening | undefined;
  setHandler(payment, (fact) => facts.put(fact));
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
      facts.put(refusedFact(created.refusedBecause));
    } else {
      placing = { orderId, payment: created, bodyHash };
    }
  }

  let outcome: OrderOutcome = { status: opening.status };
  if (opening.status === 'pending') outcome = await settle(orderId, await firstWord(opening, facts));
  do {
    for (let fact = facts.take(); fact; fact = facts.take()) outcome = await settle(orderId, fact);
    await settleMessages(strays);
  } while (!facts.isEmpty);
  return outcome;
}

/** The PSP's webhook, or after ORDER_PAYMENT_TIMEOUT the PSP's answer to a question. */
async function firstWord(
  { orderId, expiresInMs }: Exclude<OrderOpening, { refused: unknown }>,
  facts: Mailbox<PaymentFact>,
): Promise<PaymentFact> {
  describe(['Nothing: the buyer pays, or the order expires.'], [['State', 'waiting for the payment']]);
  for (let waitMs = expiresInMs; ; waitMs = UNDERWAY_PAYMENT_LOOK_MS) {
    const fact = await facts.next(waitMs);
    if (fact !== undefined) return fact;
    const found = await lookUpPayment(orderId);
    if (found !== 'waiting') return facts.take() ?? found;
    describe(['Check the payment at the PSP.'], [['State', 'the payment is still underway at the PSP']]);
  }
}

/** A capture whose amount nobody said is read at the PSP before anything is decided. */
async function settle(orderId: string, said: PaymentFact): Promise<OrderOutcome> {
  const incomplete = said.verdict === 'captured' && (said.receivedMinor === null || said.currency === null);
  const fact = incomplete ? await lookUpPayment(orderId) : said;
  if (fact === 'waiting') return { status: 'pending' };
  const { status } = await settlePayment(orderId, fact);
  show({ VezaStatus: status });
  describe([], [['State', status]]);
  return { status };
}

const unanswered = (opening: OrderOpening): OrderPlacing =>
  'refused' in opening ? opening : { orderId: opening.orderId, payment: null, bodyHash: opening.bodyHash };

const refusedFact = (message: string): PaymentFact => ({
  verdict: 'failed',
  receivedMinor: null,
  currency: null,
  message,
  connectorTransactionId: null,
});
