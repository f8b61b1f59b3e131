import {
  allHandlersFinished,
  ApplicationFailure,
  CancellationScope,
  condition,
  continueAsNew,
  proxyActivities,
  proxyLocalActivities,
  setHandler,
  setWorkflowOptions,
  sleep,
  workflowInfo,
} from '@temporalio/workflow';
import type { Activities } from '../../activities/index.ts';
import type { ReadEvent } from '../../activities/marketplace/index.ts';
import type { Asked } from '../../activities/subscriptions/attempts.ts';
import type { BookedEvent } from '../../activities/subscriptions/invoice-events.ts';
import { type Evidence, type Hint, RUN_IS_FULL } from '../../domain/kernel/index.ts';
import type { AskAnswer, AskResult, PspAnswer } from '../../domain/subscriptions/asks.ts';
import type { InvoiceEvent, PaymentNews, SubscriptionRequest } from '../../domain/subscriptions/hints.ts';
import type { Done, Step, Work } from '../../domain/subscriptions/step.ts';
import {
  askPsp,
  catchStraySignals,
  databaseVerb,
  Mailbox,
  MOVES_TO_NEW_VERSIONS,
  PAYMENT_ANSWER_WAIT,
  retryNow,
  settleMessages,
  Sleep,
  takingTurns,
} from '../kernel/index.ts';
import { Looks } from './looks.ts';
import { ask, outside, payment, state, subscribe, wake } from './messages.ts';
import { showStep } from './show-step.ts';

const { openSubscription, carryOutSubscriptionAsk, advanceSubscription, hearOfPayment, settleInvoiceEvent } =
  proxyLocalActivities<Activities>(databaseVerb);
const { askForAttempt, askForSetup } = proxyActivities<Activities>({
  ...askPsp,
  summary: 'Asks the PSP for the payment',
});
const { endAttempt } = proxyActivities<Activities>({
  ...askPsp,
  summary: 'Cancels a payment at the PSP that nobody wants any more',
});
const { lookAtAttempt, lookAtSetup, readInvoicePayment } = proxyActivities<Activities>({
  ...askPsp,
  summary: 'Asks the PSP how the payment stands',
});
const { readOutsideRefund, readOutsideDispute } = proxyActivities<Activities>({
  ...askPsp,
  summary: 'Asks the PSP about a refund or a dispute',
});

/** Below what the engine takes in one run (2,000), so that an update never fails for it. */
const UPDATES_PER_RUN = 500;
/**
 * With more at the start of a task it does not go to sleep, but begins anew: whoever wakes it replays them all. The task itself
 * adds some ten.
 */
const EVENTS_ASLEEP = 40;

export type SubscriptionOutcome = { readonly status: string };

/** A call to the PSP that is under way. */
interface Call {
  readonly key: string;
  readonly scope: CancellationScope;
  readonly done: Promise<Done>;
}

/**
 * A paid subscription, for as long as it lives: the rows say what is due and when, this waits for it, and asks the PSP. Only a
 * report of the PSP gives anything. It begins anew after each period that was paid or refused.
 */
export async function subscription(request: SubscriptionRequest): Promise<SubscriptionOutcome> {
  const { subscriptionId, undelivered } = request;
  const payments = new Mailbox<Hint<PaymentNews>>();
  const events = new Mailbox<Hint<InvoiceEvent>>();
  const answers = new Map<string, PspAnswer>();
  const timer = new Sleep();
  const inTurn = takingTurns();
  let step = undefined as Step | undefined;
  let call: Call | undefined;
  const looksAtPayments = new Looks<Hint<PaymentNews>>(wakeUp, barePayment);
  const looksAtEvents = new Looks<Hint<InvoiceEvent>>(wakeUp, bareEvent);
  /** Its rows have changed; `isForced`: somebody wants the PSP to be looked at now. */
  let isWoken = true;
  let isForced: boolean = undelivered?.isForced ?? false;
  /** How often everything was done that was due: an ask whose payment is answered by then has its answer on the row. */
  let rests = 0;
  let updates = 0;
  let updatedAtLength = -1;
  /** The period and the price that this run began with. */
  let begunIn: string | undefined;
  let isEraOver = false;

  for (const news of undelivered?.payments ?? []) payments.put(news);
  for (const event of undelivered?.events ?? []) events.put(event);
  setHandler(payment, (news) => payments.put(news ?? {}));
  setHandler(outside, (event) => events.put(event ?? {}));
  setHandler(wake, wakeUp);
  setHandler(retryNow, () => void (isWoken = isForced = true));
  const isFull = () => updates >= UPDATES_PER_RUN || workflowInfo().continueAsNewSuggested;
  // However fast people ask, the last ones of a run are answered, and it ends. Being turned away leaves no event.
  const validator = (_askId: string) => {
    if (isFull()) throw ApplicationFailure.nonRetryable('the next run takes it', RUN_IS_FULL);
  };
  setHandler(subscribe, (askId) => answer(inTurn(() => openSubscription({ subscriptionId, askId }))), {
    validator,
  });
  setHandler(ask, (askId) => answer(inTurn(() => carryOutSubscriptionAsk({ subscriptionId, askId }))), {
    validator,
  });
  setHandler(state, () => ({
    kind: step?.kind ?? 'starting',
    waitsFor: step?.kind === 'wait' ? step.summary : null,
    shown: step === undefined || step.kind === 'missing' ? null : step.shown,
  }));
  const strays = catchStraySignals();

  function wakeUp(): void {
    isWoken = true;
  }

  async function answer(carriedOut: Promise<AskResult>): Promise<AskAnswer> {
    updates += 1;
    try {
      const result = await carriedOut;
      if (!('done' in result)) return result;
      wakeUp();
      return { done: result.done, psp: await pspAnswer(result.done.attemptId ?? result.done.setupId) };
    } finally {
      updatedAtLength = workflowInfo().historyLength;
    }
  }

  /** Whoever asked gets an answer even while a slow PSP is still being asked. */
  async function pspAnswer(paymentId: string | undefined): Promise<PspAnswer> {
    if (paymentId === undefined) return { kind: 'none' };
    const before = rests;
    const isKnown = () => answers.has(paymentId) || rests > before;
    const summary = 'Waits for the PSP, then answers without it';
    if (!(await condition(isKnown, PAYMENT_ANSWER_WAIT, { summary }))) return { kind: 'unanswered' };
    return answers.get(paymentId) ?? { kind: 'answered' };
  }

  const hasLooked = () => looksAtPayments.isEmpty && looksAtEvents.isEmpty;
  const hasNews = () => isWoken || !payments.isEmpty || !events.isEmpty;

  /** The rows say whether a period was paid or refused: what an activity said may be lost with its task. */
  function take({ step: next }: Done): void {
    step = next;
    if (next.kind === 'missing') return;
    begunIn ??= next.shown.era;
    isEraOver ||= next.shown.era !== begunIn;
  }

  /** Books what stored webhooks say. Where they do not say enough, the PSP is asked beside all else. */
  async function readNews(): Promise<void> {
    for (let news = payments.take(); news; news = payments.take()) {
      const { look, ...heard } = await inTurn(() => hearOfPayment(subscriptionId, news));
      take(heard);
      if (look === undefined) continue;
      const lookAt = look === 'attempt' ? lookAtAttempt : lookAtSetup;
      const { paymentId } = news;
      looksAtPayments.begin(paymentId, news, () => lookAt(paymentId));
    }
    for (let event = events.take(); event; event = events.take()) {
      const { webhookId, paymentId } = event;
      const evidence = { webhookId: webhookId ?? null };
      const isWhole = event.kind === 'dispute' || (event.amountMinor !== null && event.currency !== null);
      const booked = isWhole
        ? await inTurn(() => settleInvoiceEvent(subscriptionId, paymentId, evidence))
        : null;
      if (booked !== null) take(booked);
      const look = whatToRead(event, booked);
      if (look !== null) looksAtEvents.begin(keyOf(event), event, look);
    }
  }

  function whatToRead(event: Hint<InvoiceEvent>, booked: BookedEvent | null): (() => Promise<void>) | null {
    if (booked === null || booked.isUnconfirmed) return () => readAndBook(event);
    // Of two webhooks that wait, the later one may be the older: the PSP knows.
    if (booked.wantsPayment && looksAtEvents.hasNext(keyOf(event))) return () => readAndBook(event);
    const { webhookId = null, paymentId } = event;
    return booked.wantsPayment ? () => bookWithPayment(paymentId, { webhookId }) : null;
  }

  /** Reads a dispute, or a refund that was made elsewhere, at the PSP, and books it. */
  async function readAndBook(event: Hint<InvoiceEvent>): Promise<void> {
    const found =
      event.kind === 'dispute'
        ? await readOutsideDispute(event.news?.providerDisputeId)
        : await readOutsideRefund(event.providerRefundId);
    if (found === null) return;
    const { paymentId } = event;
    const known = await inTurn(() => settleInvoiceEvent(subscriptionId, paymentId, { known: found }));
    if (known.wantsPayment) await bookWithPayment(paymentId, { known: found });
  }

  /** A refunded payment was captured, but the event that says so may come later or never: the PSP is asked. */
  async function bookWithPayment(paymentId: string, evidence: Evidence<ReadEvent>): Promise<void> {
    const found = await readInvoicePayment(paymentId);
    const captured = typeof found === 'object' && found.verdict === 'captured' ? found : null;
    await inTurn(() => settleInvoiceEvent(subscriptionId, paymentId, evidence, captured));
  }

  /** Begins what the PSP is to be asked, or goes on with it; a PSP that is down holds up no message. */
  async function untilDoneOrTold(work: Work): Promise<void> {
    const id = work.kind === 'set_up' ? work.setupId : work.attemptId;
    const key = `${work.kind} ${id}`;
    if (call?.key !== key) {
      call?.scope.cancel();
      call = begin(key, work, id);
    }
    await untilCalledOrTold(call);
  }

  async function untilCalledOrTold(current: Call): Promise<void> {
    const done = await Promise.race([current.done, condition(() => hasNews() || isOverfull())]);
    if (done === undefined) return;
    call = undefined;
    take(done);
  }

  function begin(key: string, work: Work, id: string): Call {
    const scope = new CancellationScope();
    const done = scope.run(() => perform(work, id));
    // It may be given up, or not be awaited for a while.
    done.catch(() => undefined);
    return { key, scope, done };
  }

  async function perform(work: Work, id: string): Promise<Done> {
    if (work.kind === 'end') return endAttempt(id);
    if (work.kind === 'look') return lookAtAttempt(id);
    const asked: Asked = await (work.kind === 'ask' ? askForAttempt(id) : askForSetup(id));
    answers.set(id, asked.psp);
    return asked;
  }

  /** Nothing is to be done, heard or looked at, and its history is long. */
  const isLongAsleep = () =>
    step?.kind === 'wait' && hasLooked() && !hasNews() && workflowInfo().historyLength > EVENTS_ASLEEP;
  const wantsToContinue = () => isEraOver || isFull() || isLongAsleep();
  /** Not while the PSP is being asked, whose answer would come to a run that is over, and send this one back to try again. */
  const mayContinue = () => wantsToContinue() && call === undefined && allHandlersFinished();
  /** Its answer would be lost with the run. */
  const hasAnsweredInThisTask = () => updatedAtLength === workflowInfo().historyLength;
  /** It turns people away, and a PSP that is down would keep it so: the next run asks the PSP, under the same id. */
  const isOverfull = () => isFull() && allHandlersFinished();

  function giveUpCall(): void {
    call?.scope.cancel();
    call = undefined;
  }

  for (;;) {
    looksAtPayments.throwFailure();
    looksAtEvents.throwFailure();
    await readNews();
    if (isOverfull()) giveUpCall();
    if (mayContinue()) {
      if (hasAnsweredInThisTask()) {
        await sleep(1, { summary: 'Answers, then begins anew' });
        continue;
      }
      if (step !== undefined) showStep(subscriptionId, step);
      await settleMessages(strays);
      await continueAsNew<typeof subscription>({ subscriptionId, undelivered: carriedOn() });
    }
    if (isWoken || step === undefined) {
      const now = isForced;
      isWoken = isForced = false;
      if (now) {
        giveUpCall();
        for (const news of looksAtPayments.giveUp()) payments.put(news);
        for (const event of looksAtEvents.giveUp()) events.put(event);
      }
      take({ step: await inTurn(() => advanceSubscription(subscriptionId, now)) });
    }
    const current = step as Step;
    showStep(subscriptionId, current);
    if (hasNews()) continue;
    switch (current.kind) {
      case 'ask':
      case 'end':
      case 'look':
      case 'set_up':
        await untilDoneOrTold(current);
        break;
      case 'wait':
        rests += 1;
        if (call !== undefined && wantsToContinue()) {
          await untilCalledOrTold(call);
          break;
        }
        if (await timer.until(current, () => hasNews() || mayContinue())) isWoken = true;
        break;
      case 'ended':
      case 'missing':
        // An ask that is being carried out may open it, and then waits for what is done here.
        await condition(() => (allHandlersFinished() && hasLooked()) || hasNews());
        if (hasNews()) break;
        await settleMessages(strays);
        if (!hasNews()) return { status: current.kind === 'missing' ? 'missing' : current.shown.status };
    }
  }

  /** A message of each thing that was heard and not looked at, and of each that came and was not heard. */
  function carriedOn() {
    const left = {
      payments: [
        ...looksAtPayments.waiting,
        ...oneOfEach(payments.takeAll(), ({ paymentId }) => paymentId, barePayment),
      ],
      events: [...looksAtEvents.waiting, ...oneOfEach(events.takeAll(), keyOf, bareEvent)],
    };
    if (isForced) return { ...left, isForced };
    return left.payments.length + left.events.length > 0 ? left : undefined;
  }
}

const keyOf = (event: InvoiceEvent): string =>
  event.kind === 'dispute' ? `dispute ${event.news?.providerDisputeId}` : `refund ${event.providerRefundId}`;

// Without a webhook to go by, the PSP is asked.
const barePayment = ({ paymentId }: PaymentNews): PaymentNews => ({ paymentId });
const bareEvent = (event: InvoiceEvent): InvoiceEvent => {
  const { paymentId } = event;
  if (event.kind === 'dispute') {
    return { kind: 'dispute', news: { providerDisputeId: event.news?.providerDisputeId }, paymentId };
  }
  const { providerRefundId } = event;
  return { kind: 'refund', providerRefundId, amountMinor: null, currency: null, paymentId };
};

/** One message of each thing: the stored webhooks have all, and where there are more the PSP says how it stands. */
function oneOfEach<Message>(
  messages: readonly Message[],
  key: (message: Message) => string,
  bare: (message: Message) => Message,
): Message[] {
  const kept = new Map<string, Message>();
  for (const message of messages) kept.set(key(message), kept.has(key(message)) ? bare(message) : message);
  return [...kept.values()];
}
setWorkflowOptions(MOVES_TO_NEW_VERSIONS, subscription);
