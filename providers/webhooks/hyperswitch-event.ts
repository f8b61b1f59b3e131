import {
  disputeStage,
  disputeVerdict,
  normaliseWord,
  paymentVerdict,
  refundVerdict,
  type DisputeVerdict,
  type PaymentVerdict,
  type RefundReport,
} from '../hyperswitch/verdicts.ts';
import { readCardOnFile } from '../hyperswitch/card-on-file.ts';
import type { PspCardOnFile } from '../hyperswitch/outcomes.ts';
import type { DisputeStage } from '../../domain/marketplace/index.ts';
import { isPlainText, message } from '../../domain/kernel/index.ts';
import { isoTime } from '../hyperswitch/time.ts';

interface EventBase {
  /** The provider's id of the event; null where it sent none (then the inbox uses `bodyHash`). */
  eventId: string | null;
  /** Lower case with underscores, e.g. `refund_succeeded`; empty where it sent none. */
  type: string;
  /** The provider's own status, or the one derived from the type; verdicts.ts says what it means. */
  status?: string;
  paymentId?: string;
  /** Minor units of `currency`. Absent: read the object at the PSP before anything is decided. */
  amountMinor?: number;
  /** ISO 4217, upper case. */
  currency?: string;
  errorMessage?: string;
  /** ISO 8601 in UTC: only this puts two events of one object in order. */
  updatedAt?: string;
}

export interface RefundEvent extends EventBase {
  subject: 'refund';
  refundId: string;
  verdict: RefundReport;
}

/**
 * What a payment's event says of the card (PspCardOnFile). Absent: not said. So an absent `isChargeable` or `isSetup`
 * is false, an absent `attemptCount` is 1, and an absent `decline` has no code.
 */
export type CardOnFile = { [Field in keyof PspCardOnFile]?: NonNullable<PspCardOnFile[Field]> };

export interface PaymentEvent extends EventBase, CardOnFile {
  subject: 'payment';
  verdict: PaymentVerdict;
  /** What was captured, in minor units of `currency`. */
  amountReceivedMinor?: number;
  connectorTransactionId?: string;
}

export interface DisputeEvent extends EventBase {
  subject: 'dispute';
  verdict: DisputeVerdict;
  disputeId?: string;
  /** The connector's id of the dispute, e.g. Stripe's `dp_…`. */
  connectorDisputeId?: string;
  /** Absent where the provider sent no stage, or one that we do not know. */
  stage?: DisputeStage;
}

/** An event that cannot be handled; the answer is 400. */
export interface InvalidEvent {
  subject: 'invalid';
  reason: 'refund_without_id' | 'not_an_object';
  eventId: string | null;
  type: string;
}

export type HyperswitchEvent = RefundEvent | PaymentEvent | DisputeEvent | InvalidEvent;

type Json = Readonly<Record<string, unknown>>;

const SHORT_MAX_CHARS = 255;

/**
 * Reads a webhook of Hyperswitch's in any of its three nestings (`content.object.*`, `object.*`, flat) as one shape
 * (docs/webhooks.md). A refund event if its type contains "refund" in any case or it carries a refund id; a dispute event if
 * its type begins with `dispute`; otherwise a payment event. Takes parsed JSON of any kind, and never throws.
 */
export function parseHyperswitchEvent(json: unknown): HyperswitchEvent {
  if (!isObject(json)) return { subject: 'invalid', reason: 'not_an_object', eventId: null, type: '' };
  const fields = createFields(json);
  const eventId = text(json['event_id']) ?? null;
  const type = normaliseWord(text(json['event_type']) ?? '');
  const refundId = fields.text('refund_id');

  if (type.includes('refund') || refundId !== undefined) {
    if (refundId === undefined) return { subject: 'invalid', reason: 'refund_without_id', eventId, type };
    const status = fields.text('status') ?? statusOfType(type);
    const updatedAt = fields.time('updated_at') ?? fields.time('updated');
    const verdict = refundVerdict(status ?? '');
    return withoutAbsent({
      subject: 'refund',
      refundId,
      verdict,
      ...base(fields, eventId, type),
      status,
      updatedAt,
    });
  }

  if (type.startsWith('dispute')) {
    const status = fields.text('dispute_status') ?? fields.text('status') ?? statusOfType(type);
    // A dispute's object carries only created_at (docs/wire-hyperswitch.md): the event's own time orders them; all
    // retries of the event repeat it.
    const updatedAt = fields.time('updated_at') ?? fields.time('updated') ?? fields.time('timestamp');
    const verdict = disputeVerdict(status ?? '');
    const disputeId = fields.text('dispute_id');
    return withoutAbsent({
      subject: 'dispute',
      disputeId,
      connectorDisputeId: fields.text('connector_dispute_id'),
      stage: disputeStage(fields.text('dispute_stage')),
      verdict,
      ...base(fields, eventId, type),
      status,
      updatedAt,
    });
  }

  const status = fields.text('status') ?? statusOfType(type);
  return withoutAbsent({
    subject: 'payment',
    verdict: paymentVerdict(status ?? ''),
    ...base(fields, eventId, type),
    status,
    amountReceivedMinor: fields.amountMinor('amount_received'),
    connectorTransactionId: fields.short('connector_transaction_id'),
    updatedAt: fields.time('updated') ?? fields.time('updated_at'),
    ...cardOnFile(readCardOnFile(fields.all)),
  });
}

/** What was said of the card, without what was not. */
export function cardOnFile(said: PspCardOnFile): CardOnFile {
  const { status, ...codes } = said.decline;
  const isDecline = status === 'failed' || status === 'requires_customer_action';
  const hasReason = isDecline || Object.values(codes).some((code) => code !== null);
  return withoutAbsent({
    customerId: said.customerId ?? undefined,
    paymentMethodId: said.paymentMethodId ?? undefined,
    isChargeable: said.isChargeable || undefined,
    fingerprint: said.fingerprint ?? undefined,
    card: said.card ?? undefined,
    attemptCount: said.attemptCount > 1 ? said.attemptCount : undefined,
    isSetup: said.isSetup || undefined,
    expiresAt: said.expiresAt ?? undefined,
    decline: hasReason ? said.decline : undefined,
  });
}

function base(fields: Fields, eventId: string | null, type: string) {
  return {
    eventId,
    type,
    paymentId: fields.text('payment_id'),
    amountMinor: fields.amountMinor('amount'),
    currency: fields.currency('currency'),
    errorMessage: fields.message('error_message'),
  };
}

/** `refund_succeeded` → `succeeded`: the older form carries no status. */
function statusOfType(type: string): string | undefined {
  return /^(?:payment|refund|dispute)_(.+)$/.exec(type)?.[1];
}

type Fields = ReturnType<typeof createFields>;

/** Reads one field from any nesting; the innermost that has it counts. */
function createFields(json: Json) {
  const content = json['content'];
  const nestings = [isObject(content) ? content['object'] : undefined, json['object'], json].filter(isObject);
  const read = <Value>(name: string, as: (value: unknown) => Value | undefined): Value | undefined => {
    for (const nesting of nestings) {
      const value = as(nesting[name]);
      if (value !== undefined) return value;
    }
    return undefined;
  };
  return {
    /** Each field of the innermost nesting that has it. */
    all: Object.assign({}, ...nestings.toReversed()) as Json,
    text: (name: string) => read(name, text),
    short: (name: string) => read(name, short),
    message: (name: string) => {
      const said = read(name, text);
      return said === undefined ? undefined : message(said);
    },
    amountMinor: (name: string) => read(name, amountMinor),
    currency: (name: string) => read(name, currency),
    time: (name: string) => read(name, isoTime),
  };
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined;
}

/** Only people read it: money does not wait for a text that cannot be kept. */
function short(value: unknown): string | undefined {
  const given = text(value);
  return given !== undefined && given.length <= SHORT_MAX_CHARS && isPlainText(given) ? given : undefined;
}

/** A dispute's amount is a string of minor units; "65.40" is not one, and is read as no amount. */
function amountMinor(value: unknown): number | undefined {
  const amount = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value;
  return typeof amount === 'number' && Number.isSafeInteger(amount) && amount >= 0 ? amount : undefined;
}

function currency(value: unknown): string | undefined {
  return typeof value === 'string' && /^[A-Za-z]{3}$/.test(value) ? value.toUpperCase() : undefined;
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

type Present<Shape> = { [Key in keyof Shape]: Exclude<Shape[Key], undefined> };

/** Absent fields are absent, not undefined: the shape is stored and compared as JSON. */
function withoutAbsent<Shape extends object>(shape: Shape): Present<Shape> {
  return Object.fromEntries(
    Object.entries(shape).filter(([, value]) => value !== undefined),
  ) as Present<Shape>;
}
