import {
  condition,
  patched,
  proxyActivities,
  proxyLocalActivities,
  setHandler,
  setWorkflowOptions,
} from '@temporalio/workflow';
import type { Activities } from '../../activities/index.ts';
import type { LookedUpPayment, OrderOpening, SettledEvent } from '../../activities/marketplace/orders.ts';
import type { ReadEvent } from '../../activities/marketplace/reports.ts';
import type { Evidence } from '../../domain/kernel/index.ts';
import type {
  OrderPlacing,
  OrderRequest,
  OutsideEvent,
  PaymentReport,
} from '../../domain/marketplace/messages.ts';
import type { OrderStatus } from '../../domain/marketplace/order-machine.ts';
import { isIncomplete } from '../../domain/marketplace/payment-report.ts';
import {
  foundOut,
  type Heard,
  hinted,
  Mailbox,
  askPsp,
  databaseVerb,
  DISPUTE_LOOKS_MS,
  PAYMENT_ANSWER_WAIT,
  UNDERWAY_PAYMENT_LOOK_MS,
  MOVES_TO_NEW_VERSIONS,
  describe,
  show,
  catchStraySignals,
  settleMessages,
} from '../kernel/index.ts';
import { outside, payment, placed, pspCall } from './messages.ts';

const { openOrder, settlePayment, settleOutsideEvent } = proxyLocalActivities<Activities>(databaseVerb);
const { createPayment } = proxyActivities<Activities>({ ...askPsp, summary: 'Asks the PSP for the payment' });
const { lookUpPayment } = proxyActivities<Activities>({
  ...askPsp,
  summary: 'Asks the PSP how the payment stands',
});
const { cancelPayment } = proxyActivities<Activities>({
  ...askPsp,
  summary: 'Cancels the payment at the PSP, since its time is over',
});
const { readOutsideRefund } = proxyActivities<Activities>({
  ...askPsp,
  summary: 'Asks the PSP about a refund made there',
});
const { readOutsideDispute } = proxyActivities<Activities>({
  ...askPsp,
  summary: 'Asks the PSP about a dispute',
});

export type OrderOutcome = { readonly status: string };

/** A purchase: the order is written, its payment is created, and the PSP's report completes or fails it. */
export async function order(request: OrderRequest): Promise<OrderOutcome> {
  const facts = new Mailbox<Heard<PaymentReport>>();
  const events = new Mailbox<Heard<OutsideEvent>>();
  let placing: OrderPlacing | undefined;
  let opening: OrderOpening | undefined;
  let outcome: OrderOutcome = { status: 'pending' };
  setHandler(payment, (fact) => facts.put(hinted(fact)));
  setHandler(outside, (event) => events.put(hinted(event)));
  setHandler(placed, () => answerOncePlaced());
  // The payment has the order's id, at the PSP too, and that is its key.
  setHandler(pspCall, () => ({ status: outcome.status, idempotencyKey: request.orderId }));
  const strays = catchStraySignals();

  async function answerOncePlaced(): Promise<OrderPlacing> {
    await condition(() => opening !== undefined);
    // The buyer gets an answer even while a slow PSP is still being asked.
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

  // The webhook may come while the payment is still being created. Whichever is first, only the webhook decides.
  async function askForPayment(): Promise<void> {
    const created = await createPayment(orderId);
    if ('refusedBecause' in created) {
      placing = { refused: { code: 'provider_refused', detail: created.refusedBecause } };
      facts.put(foundOut(failure(created.refusedBecause)));
    } else {
      placing = { orderId, payment: created, bodyHash };
    }
  }

  // Reports of disputes that wait for money under way. Sweeps repeat those that wait longer than this workflow does.
  let waiting: Evidence<ReadEvent>[] = [];
  let looks = 0;
  async function bookWaiting(): Promise<void> {
    if (waiting.length === 0) return;
    const lookAfterMs = DISPUTE_LOOKS_MS[looks];
    if (lookAfterMs === undefined) {
      waiting = [];
      return;
    }
    describe(
      ['Nothing: it is booked as soon as the transfer under way has ended.'],
      [['State', 'a word about its dispute waits for money that is on its way']],
    );
    const told = () => !facts.isEmpty || !events.isEmpty;
    const summary = 'Waits for money that is under way, then books the dispute';
    if (await condition(told, lookAfterMs, { summary })) return;
    looks += 1;
    const still: Evidence<ReadEvent>[] = [];
    for (const evidence of waiting) {
      const booked = await settleOutsideEvent(orderId, evidence);
      if (booked.waits) still.push(evidence);
    }
    waiting = still;
  }

  outcome = { status: opening.status };
  if (opening.status === 'pending') outcome = await settleFirst(opening, facts);
  do {
    for (let said = facts.take(); said; said = facts.take()) {
      const settled = await settleLater(orderId, said);
      // A report that comes a second time decides nothing.
      if (settled && settled.status !== 'already_decided') outcome = settled;
    }
    // An outside event waits for the payment that it is about.
    for (let event = events.take(); event; event = events.take()) {
      const evidence = await book(orderId, event);
      if (evidence === null) continue;
      waiting.push(evidence);
      looks = 0;
    }
    await settleMessages(strays);
    if (facts.isEmpty && events.isEmpty) await bookWaiting();
  } while (!facts.isEmpty || !events.isEmpty || waiting.length > 0);
  return outcome;
}
setWorkflowOptions(MOVES_TO_NEW_VERSIONS, order);

/**
 * Ends a pending order by a webhook that names the money. Otherwise the PSP is asked: when no stored webhook stands
 * behind a signal, when it names no money or reports a failure, and when ORDER_PAYMENT_TIMEOUT is over. Until that
 * time the buyer may use another card; then the payment is cancelled, unless money is on its way.
 */
async function settleFirst(
  { orderId, expiresInMs }: Exclude<OrderOpening, { refused: unknown }>,
  facts: Mailbox<Heard<PaymentReport>>,
): Promise<OrderOutcome> {
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
  let isCancelled = false;
  // A PSP that is down must not hold up its own webhook.
  const unlessTold = <Found>(asked: Promise<Found>) => Promise.race([asked, condition(() => !facts.isEmpty)]);
  for (;;) {
    const heard = await facts.next({
      timeoutMs: Math.max(lookAtMs - Date.now(), 1),
      summary: 'Waits for the payment, then asks the PSP',
    });
    if (heard && !isIncomplete(heard.said) && !isFailureToAskAbout(heard, captureTold)) {
      const settled = await settle(orderId, heard.evidence);
      if (settled !== null) return settled;
    }
    captureTold ||= heard?.said.verdict === 'captured';
    let found: LookedUpPayment | void = await unlessTold(lookUpPayment(orderId));
    const isExpired = Date.now() >= expiresAtMs;
    if (found === 'unpaid' && isExpired) {
      isCancelled = patched('what-expired-is-cancelled');
      found = isCancelled ? await unlessTold(cancelPayment(orderId)) : failure('expired');
    }
    if (isCancelled && isFact(found) && found.verdict === 'failed') found = { ...found, message: 'expired' };
    const settled = await settleFound(orderId, found);
    if (settled !== null) return settled;
    lookAtMs = isExpired || captureTold ? Date.now() + UNDERWAY_PAYMENT_LOOK_MS : expiresAtMs;
    if (found === 'underway') {
      describe(['Check the payment at the PSP.'], [['State', 'the payment is still underway at the PSP']]);
    } else if (heard?.said.verdict === 'failed') {
      describe(
        ['Nothing: the buyer pays with another card, or the order expires.'],
        [
          ['State', 'waiting for the payment, of which an attempt failed'],
          ['Idempotency key', orderId],
        ],
      );
    }
  }
}

/**
 * A failure may be older than a success, or concern only one of several cards: only the PSP knows how the payment
 * stands. When the PSP refused to create the payment, it had just been asked, so that refusal is believed, unless a
 * capture was reported meanwhile.
 */
function isFailureToAskAbout({ said, evidence }: Heard<PaymentReport>, captureTold: boolean): boolean {
  if (said.verdict !== 'failed') return false;
  return captureTold || (!('known' in evidence) && patched('failures-are-asked-about'));
}

/** What lists show of an order after its payment was settled; nothing where nothing changed. */
const ORDER_STATUS_AFTER: Readonly<Record<string, OrderStatus>> = {
  completed: 'completed',
  failed: 'failed',
  given_back: 'refund_pending',
  cancelled: 'refunded',
};

/** Null where nothing confirms the hint: then nothing has changed. */
async function settle(orderId: string, evidence: Evidence<PaymentReport>): Promise<OrderOutcome | null> {
  const { status } = await settlePayment(orderId, evidence);
  if (status === 'unconfirmed') return null;
  const shown = ORDER_STATUS_AFTER[status];
  if (shown !== undefined) {
    show({ VezaStatus: shown });
    describe([], [['State', shown]]);
  }
  return { status };
}

/** Settles by the PSP's answer to a look-up; null where that decides nothing. */
const settleFound = async (orderId: string, found: unknown) =>
  isFact(found) && !isIncomplete(found) ? settle(orderId, { known: found }) : null;

const isFact = (found: unknown): found is PaymentReport => typeof found === 'object' && found !== null;

/**
 * Handles a report about an order that was decided before. Where no webhook names the money, it is read at the PSP;
 * money that the PSP does not confirm does not count.
 */
async function settleLater(
  orderId: string,
  { said, evidence }: Heard<PaymentReport>,
): Promise<OrderOutcome | null> {
  if (said.verdict === 'failed' || !isIncomplete(said)) {
    const settled = await settle(orderId, evidence);
    if (settled !== null) return settled;
  }
  return settleFound(orderId, await lookUpPayment(orderId));
}

/**
 * Books a dispute, or a refund that was made elsewhere; reads it at the PSP where no webhook has all of it. Returns a
 * dispute's report that has to be booked again.
 */
async function book(
  orderId: string,
  { said, evidence }: Heard<OutsideEvent>,
): Promise<Evidence<ReadEvent> | null> {
  if (said.kind === 'dispute' || (said.amountMinor !== null && said.currency !== null)) {
    const by = evidence as Evidence<ReadEvent>;
    const booked = await bookBy(orderId, by);
    if (!booked?.unconfirmed) return booked?.waits ? by : null;
  }
  const found =
    said.kind === 'dispute'
      ? await readOutsideDispute(said.news?.providerDisputeId)
      : await readOutsideRefund(said.providerRefundId);
  if (found === null) return null;
  const booked = await bookBy(orderId, { known: found });
  return booked?.waits ? { known: found } : null;
}

/** Older histories have no answer here. */
async function bookBy(orderId: string, evidence: Evidence<ReadEvent>): Promise<SettledEvent | undefined> {
  const booked: SettledEvent | undefined = await settleOutsideEvent(orderId, evidence);
  if (!booked?.wantsPayment) return booked;
  // A refunded payment was captured, but the event that says so may come later or never: the PSP is asked.
  const found = await lookUpPayment(orderId);
  const isCaptured = typeof found === 'object' && found.verdict === 'captured' && !isIncomplete(found);
  await settleOutsideEvent(orderId, evidence, isCaptured ? found : null);
  return booked;
}

const unanswered = (opening: OrderOpening): OrderPlacing =>
  'refused' in opening ? opening : { orderId: opening.orderId, payment: null, bodyHash: opening.bodyHash };

const failure = (message: string): PaymentReport => ({
  verdict: 'failed',
  receivedMinor: null,
  currency: null,
  message,
  connectorTransactionId: null,
});
