import { z } from 'zod';
import type { CommonParts } from '../kernel/control.ts';
import { type Verb, verb } from '../kernel/control-routes.ts';
import { providerId } from '../kernel/ids.ts';
import type { Books } from './books.ts';
import { CardControl, type Told } from './card-control.ts';
import { cardOf } from './cards.ts';
import { type DisputeChange, findDispute, openDispute, turnDispute } from './disputes.ts';
import type { OwnFault } from './faults.ts';
import { declinePayment, findPayment, movePayment, takePayment } from './payments.ts';
import { announceRefund, findRefund, insertRefund, transitionRefund } from './refunds.ts';
import {
  DISPUTE_ENDS,
  DISPUTE_STAGES,
  DISPUTE_STATUSES,
  type DeclineWords,
  type Dispute,
  type DisputeEnd,
  type Payment,
  PAYMENT_STATUSES,
  type PaymentStatus,
  type Refund,
  REFUND_MODES,
  type RefundMode,
} from './types.ts';
import { signature512 } from './webhooks.ts';

interface FailOptions extends Told, Omit<DeclineWords, 'message'> {
  mayRetry?: boolean | undefined;
}

/** What was really given back, where it differs from what was asked for. */
interface Done {
  amountMinor?: number | undefined;
  currency?: string | undefined;
}

interface PayOptions extends Told {
  amountReceivedMinor?: number | undefined;
  currency?: string | undefined;
  /** `succeeded` unless told: `partially_captured`, `conflicted`, … */
  status?: PaymentStatus | undefined;
  /** The number of the buyer's card: it pays whatever the card, and is kept as that card. */
  card?: string | undefined;
  expMonth?: string | undefined;
  expYear?: string | undefined;
  /** False: the buyer does not agree that the card is kept. */
  accepts?: boolean | undefined;
}

export class HyperswitchControl extends CardControl {
  readonly #secret: { current: string };

  constructor(parts: CommonParts<OwnFault>, books: Books, secret: { current: string }) {
    super(parts, books);
    this.#secret = secret;
  }

  protected override sign(body: string, o: { wrong: boolean }): Record<string, string> {
    const secret = o.wrong ? `not ${this.#secret.current}` : this.#secret.current;
    return { 'x-webhook-signature-512': signature512(body, secret) };
  }

  /** Rotation: events from now on are signed with this one. */
  setWebhookSecret(secret: string): void {
    this.#secret.current = secret;
  }

  hasPayment(paymentId: string): boolean {
    return this.books.payments.has(paymentId);
  }

  payment(paymentId: string): Payment {
    return structuredClone(findPayment(this.books, paymentId).body);
  }

  payments(): Payment[] {
    return [...this.books.payments.values()].map((record) => structuredClone(record.body));
  }

  refund(refundId: string): Refund {
    return structuredClone(findRefund(this.books, refundId).body);
  }

  refunds(paymentId?: string): Refund[] {
    return [...this.books.refunds.values()]
      .map((record) => structuredClone(record.body))
      .filter((refund) => paymentId === undefined || refund.payment_id === paymentId);
  }

  /** The buyer pays. Any status may come before: money that arrives after a cancellation is a case to handle. */
  pay(paymentId: string, o: PayOptions = {}): Payment {
    return this.move(paymentId, o, (record) => {
      if (o.card !== undefined) record.card = cardOf(o.card, o.expMonth, o.expYear);
      record.isAccepted = o.accepts ?? true;
      takePayment(this.books, record, o);
    });
  }

  /** The payment fails for good, unless the buyer may try again with another card. */
  fail(paymentId: string, message = 'Your card was declined.', o: FailOptions = {}): Payment {
    const { declineCode, errorCode, issuerCode, adviceCode, unifiedCode, mayRetry = false } = o;
    const words = { message, declineCode, errorCode, issuerCode, adviceCode, unifiedCode };
    return this.move(paymentId, o, (record) => declinePayment(this.books, record, words, mayRetry));
  }

  cancel(paymentId: string, o: Told = {}): Payment {
    return this.move(paymentId, o, (record) => movePayment(record, 'cancelled'));
  }

  expire(paymentId: string, o: Told = {}): Payment {
    return this.move(paymentId, o, (record) => movePayment(record, 'expired'));
  }

  processing(paymentId: string, o: Told = {}): Payment {
    return this.move(paymentId, o, (record) => movePayment(record, 'processing'));
  }

  cancelPostCapture(paymentId: string, o: Told = {}): Payment {
    return this.move(paymentId, o, (record) => movePayment(record, 'cancelled_post_capture'));
  }

  /** Any status, without the checks and effects of the others. */
  setPaymentStatus(paymentId: string, status: PaymentStatus, o: Told = {}): Payment {
    return this.move(paymentId, o, (record) => movePayment(record, status));
  }

  /** Makes the payment older: those older than 365 days are refused. */
  agePayment(paymentId: string, days: number): Payment {
    return this.move(paymentId, { webhook: false }, ({ body }) => {
      body.created = new Date(Date.parse(body.created) - days * 86_400_000).toISOString();
    });
  }

  /** Makes the refund so many days older, for a read side that is behind. */
  ageRefund(refundId: string, days: number): Refund {
    const { body } = findRefund(this.books, refundId);
    const aged = (at: string) => new Date(Date.parse(at) - days * 86_400_000).toISOString();
    Object.assign(body, { created_at: aged(body.created_at), updated_at: aged(body.updated_at) });
    this.changed();
    return structuredClone(body);
  }

  /** Says whether the payment's method can be refunded: others are refused. */
  setMethodRefundable(paymentId: string, isRefundable: boolean): void {
    findPayment(this.books, paymentId).isMethodRefundable = isRefundable;
    this.changed();
  }

  setAutoPay(isOn: boolean): void {
    this.books.autoPay = isOn;
  }

  /** Calls of each operation in a second; null: unlimited. */
  setRateLimit(perSecond: number | null): void {
    this.books.rateLimitPerSecond = perSecond;
  }

  setRefundMode(mode: RefundMode): void {
    this.books.refundMode = mode;
  }

  /** Also flips a settled one: a bank returns the money, a failed refund goes through after all. */
  settleRefund(
    refundId: string,
    status: 'succeeded' | 'failed',
    message?: string,
    o: Told & Done = {},
  ): Refund {
    const record = findRefund(this.books, refundId);
    record.atConnector = null;
    transitionRefund(record, { status, message });
    if (o.amountMinor !== undefined) record.body.amount = o.amountMinor;
    if (o.currency !== undefined) record.body.currency = o.currency;
    if (o.webhook !== false) announceRefund(this.books, record);
    this.changed();
    return structuredClone(record.body);
  }

  /** The connector knows the outcome; Hyperswitch learns it only when asked with force_sync. */
  settleAtConnector(refundId: string, status: 'succeeded' | 'failed', message?: string): void {
    findRefund(this.books, refundId).atConnector = { status, message: message ?? null };
    this.changed();
  }

  /** A refund made in the dashboard: its id is random unless one is given, and the router's checks are skipped. */
  createExternalRefund(
    paymentId: string,
    amountMinor: number,
    o: Told & { refundId?: string | undefined } = {},
  ): Refund {
    const payment = findPayment(this.books, paymentId);
    const record = insertRefund(this.books, {
      payment,
      refundId: o.refundId ?? providerId('ref', 20),
      amountMinor,
      reason: undefined,
      metadata: null,
    });
    transitionRefund(record, { status: 'succeeded' });
    if (o.webhook !== false) announceRefund(this.books, record);
    this.changed();
    return structuredClone(record.body);
  }

  openDispute(paymentId: string, amountMinor?: number, o: Told & Pick<DisputeChange, 'stage'> = {}): Dispute {
    const payment = findPayment(this.books, paymentId);
    const record = openDispute(this.books, payment, { stage: o.stage, amountMinor, tells: o.webhook });
    this.changed();
    return structuredClone(record.body);
  }

  closeDispute(disputeId: string, end: DisputeEnd, o: Told = {}): Dispute {
    return this.turnDispute(disputeId, { status: end }, o);
  }

  /** A dispute goes on: another stage, another status, another amount. */
  turnDispute(disputeId: string, change: Omit<DisputeChange, 'tells'>, o: Told = {}): Dispute {
    const record = turnDispute(this.books, disputeId, { ...change, tells: o.webhook });
    this.changed();
    return structuredClone(record.body);
  }

  /** Rewrites the dispute as a router of another version might; it is still found by its first id. */
  rewriteDispute(disputeId: string, words: { [Field in keyof Dispute]?: unknown }): void {
    Object.assign(findDispute(this.books, disputeId).body, words);
    this.changed();
  }

  dispute(disputeId: string): Dispute {
    return structuredClone(findDispute(this.books, disputeId).body);
  }

  disputes(paymentId?: string): Dispute[] {
    return [...this.books.disputes.values()]
      .map((record) => structuredClone(record.body))
      .filter((dispute) => paymentId === undefined || dispute.payment_id === paymentId);
  }

  verbs(): Record<string, Verb> {
    const webhook = z.boolean().optional();
    const paymentId = z.string();
    const one = z.object({ paymentId, webhook });
    const status = z.enum(PAYMENT_STATUSES);
    const amountMinor = z.number().int().positive();
    const settled = z.object({
      refundId: z.string(),
      status: z.enum(['succeeded', 'failed']),
      message: z.string().optional(),
      amountMinor: z.number().int().nonnegative().optional(),
      currency: z.string().optional(),
      webhook,
    });
    const word = z.string().optional();
    const codes = {
      declineCode: word,
      errorCode: word,
      issuerCode: word,
      adviceCode: word,
      unifiedCode: word,
    };
    const fail = one.extend({ message: word, mayRetry: z.boolean().optional(), ...codes });
    const pay = one.extend({
      amountReceivedMinor: z.number().int().optional(),
      currency: z.string().optional(),
      status: status.optional(),
      card: word,
      expMonth: word,
      expYear: word,
      accepts: z.boolean().optional(),
    });
    return {
      ...this.commonVerbs(),
      ...this.cardVerbs(),
      pay: verb('the buyer pays', pay, (i) => this.pay(i.paymentId, i)),
      fail: verb('the payment fails', fail, (i) => this.fail(i.paymentId, i.message, i)),
      cancel: verb('the payment is cancelled', one, (i) => this.cancel(i.paymentId, i)),
      expire: verb('the payment expires', one, (i) => this.expire(i.paymentId, i)),
      processing: verb('the payment is processing', one, (i) => this.processing(i.paymentId, i)),
      cancelPostCapture: verb('cancelled after capture', one, (i) => this.cancelPostCapture(i.paymentId, i)),
      setPaymentStatus: verb('any status', one.extend({ status }), (i) =>
        this.setPaymentStatus(i.paymentId, i.status, i),
      ),
      agePayment: verb('makes a payment older', z.object({ paymentId, days: z.number() }), (i) =>
        this.agePayment(i.paymentId, i.days),
      ),
      ageRefund: verb('makes a refund older', z.object({ refundId: z.string(), days: z.number() }), (i) =>
        this.ageRefund(i.refundId, i.days),
      ),
      setMethodRefundable: verb(
        'can its method be refunded',
        z.object({ paymentId, isRefundable: z.boolean() }),
        (i) => this.setMethodRefundable(i.paymentId, i.isRefundable),
      ),
      setAutoPay: verb('payments pay themselves', z.object({ isOn: z.boolean() }), (i) =>
        this.setAutoPay(i.isOn),
      ),
      setRateLimit: verb(
        'calls of each operation in a second; null: unlimited',
        z.object({ perSecond: z.number().int().positive().nullable() }),
        (i) => this.setRateLimit(i.perSecond),
      ),
      setRefundMode: verb('how refunds settle', z.object({ mode: z.enum(REFUND_MODES) }), (i) =>
        this.setRefundMode(i.mode),
      ),
      settleRefund: verb('settles or flips a refund', settled, (i) =>
        this.settleRefund(i.refundId, i.status, i.message, i),
      ),
      settleAtConnector: verb('settled, found out by force_sync only', settled, (i) =>
        this.settleAtConnector(i.refundId, i.status, i.message),
      ),
      createExternalRefund: verb('a refund made in the dashboard', one.extend({ amountMinor }), (i) =>
        this.createExternalRefund(i.paymentId, i.amountMinor, i),
      ),
      openDispute: verb(
        'a dispute opens',
        one.extend({ amountMinor: amountMinor.optional(), stage: z.enum(DISPUTE_STAGES).optional() }),
        (i) => this.openDispute(i.paymentId, i.amountMinor, i),
      ),
      closeDispute: verb(
        'a dispute ends',
        z.object({ disputeId: z.string(), end: z.enum(DISPUTE_ENDS), webhook }),
        (i) => this.closeDispute(i.disputeId, i.end, i),
      ),
      turnDispute: verb(
        'a dispute goes on',
        z.object({
          disputeId: z.string(),
          stage: z.enum(DISPUTE_STAGES).optional(),
          status: z.enum(DISPUTE_STATUSES).optional(),
          amountMinor: amountMinor.optional(),
          webhook,
        }),
        (i) => this.turnDispute(i.disputeId, i, i),
      ),
      rewriteDispute: verb(
        'a dispute in the words of another router',
        z.object({ disputeId: z.string(), words: z.record(z.string(), z.unknown()) }),
        (i) => this.rewriteDispute(i.disputeId, i.words),
      ),
      setWebhookSecret: verb('rotates the secret', z.object({ secret: z.string() }), (i) =>
        this.setWebhookSecret(i.secret),
      ),
    };
  }
}
