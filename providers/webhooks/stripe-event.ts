import { z } from 'zod';
import { isPlainText, message } from '../../domain/kernel/index.ts';
import { readReversalBody, readTransferBody } from '../stripe/bodies.ts';
import type { StripeMode } from '../stripe/mode.ts';
import type { StripeReversal, StripeTransfer } from '../stripe/outcomes.ts';

interface EventBase {
  eventId: string;
  /** Stripe's own, e.g. `transfer.reversed`. */
  type: string;
  /** The connected account of a Connect endpoint's event, `acct_…`. */
  account: string | null;
  /** When Stripe made the event; there is no order of delivery. */
  createdAtMs: number;
  /**
   * A live Connect endpoint gets the test events of accounts that are connected in both modes
   * (support.stripe.com/questions/connect-account-webhook-configurations). Null where the event does not say.
   */
  mode: StripeMode | null;
}

/** `transfer.created`, `.updated`, `.reversed`: the latter for partial reversals too. */
export interface StripeTransferEvent extends EventBase {
  subject: 'transfer';
  transfer: StripeTransfer;
  /** The reversals in the event: Stripe sends the ten newest at most. */
  reversals: StripeReversal[];
  /** False: list the transfer's reversals before anything is decided. */
  reversalsComplete: boolean;
}

/** `payout.*`: `paid` and `failed` decide, also days later. */
export interface StripePayoutEvent extends EventBase {
  subject: 'payout';
  stripePayoutId: string;
  /** Ours, from the metadata. */
  payoutId: string | null;
  /** `paid`, `failed`, `canceled`, `in_transit` or `pending`. */
  status: string;
  amountMinor: number;
  /** ISO 4217, upper case. */
  currency: string;
  failureCode: string | null;
  failureMessage: string | null;
}

/** `account.updated`: what a seller may do now; `account.application.deauthorized`: nothing any more. */
export interface StripeAccountEvent extends EventBase {
  subject: 'account';
  stripeAccountId: string;
  /** Our user's id, from the metadata: it says whose account this is while we do not know the account's id. */
  userId: string | null;
  chargesEnabled: boolean;
  payoutsEnabled: boolean;
  detailsSubmitted: boolean;
  requirementsDue: string[];
  disabledReason: string | null;
}

export type StripeEvent =
  | StripeTransferEvent
  | StripePayoutEvent
  | StripeAccountEvent
  /** A type that is not ours to handle. */
  | ({ subject: 'other' } & EventBase)
  /** Not an event, or an event of ours without its object; the answer is 400. */
  | {
      subject: 'invalid';
      reason: 'not_an_event' | 'unexpected_object';
      eventId: string | null;
      type: string;
    };

const text = z.string().nullish();
// `whyUnusable` says whether this id can be looked up; the event is kept in any case, since Stripe signed it.
const id = z.string().min(1);

const Event = z.object({
  id,
  type: id,
  account: text,
  created: z.int(),
  livemode: z.boolean().nullish(),
  data: z.object({ object: z.unknown() }),
});

const ReversalsOfTransfer = z.object({
  reversals: z.object({ data: z.array(z.unknown()), has_more: z.boolean() }),
});

const Payout = z.object({
  object: z.literal('payout'),
  id,
  // Signed: a debit of a negative balance is a payout too.
  amount: z.int(),
  currency: id,
  status: id,
  metadata: z.record(z.string(), z.string()).nullish(),
  failure_code: text,
  failure_message: text,
});

const Account = z.object({
  object: z.literal('account'),
  id,
  charges_enabled: z.boolean().nullish(),
  payouts_enabled: z.boolean().nullish(),
  details_submitted: z.boolean().nullish(),
  metadata: z.record(z.string(), z.string()).nullish(),
  requirements: z.object({ currently_due: z.array(z.string()).nullish(), disabled_reason: text }).nullish(),
});

/**
 * Reads a verified (or stored) Stripe event (docs/webhooks.md). Takes parsed JSON of any kind, so that a
 * stored body is replayed by the same code; never throws.
 */
export function parseStripeEvent(json: unknown): StripeEvent {
  const { data: event } = Event.safeParse(json);
  if (!event) return { subject: 'invalid', reason: 'not_an_event', eventId: null, type: '' };
  const { id: eventId, type } = event;
  const base = {
    eventId,
    type,
    account: event.account ?? null,
    createdAtMs: event.created * 1000,
    mode: modeOf(event.livemode),
  };
  const read = readerOf(type);
  if (!read) return { subject: 'other', ...base };
  return read(event.data.object, base) ?? { subject: 'invalid', reason: 'unexpected_object', eventId, type };
}

const modeOf = (isLive: boolean | null | undefined): StripeMode | null => {
  if (isLive === null || isLive === undefined) return null;
  return isLive ? 'live' : 'test';
};

type Reader = (object: unknown, base: EventBase) => StripeEvent | undefined;

function readerOf(type: string): Reader | undefined {
  if (!isPlainText(type)) return undefined;
  if (['transfer.created', 'transfer.updated', 'transfer.reversed'].includes(type)) return readTransferEvent;
  if (type.startsWith('payout.')) return readPayoutEvent;
  if (type === 'account.updated') return readAccountEvent;
  if (type === 'account.application.deauthorized') return readDeauthorization;
  return undefined;
}

function readTransferEvent(object: unknown, base: EventBase): StripeTransferEvent | undefined {
  const transfer = readTransferBody(object);
  if (!transfer) return undefined;
  const { data: list } = ReversalsOfTransfer.safeParse(object);
  const reversals = (list?.reversals.data ?? []).map(readReversalBody);
  const readable = reversals.filter((reversal) => reversal !== undefined);
  const reversalsComplete = list?.reversals.has_more === false && readable.length === reversals.length;
  return { subject: 'transfer', ...base, transfer, reversals: readable, reversalsComplete };
}

function readPayoutEvent(object: unknown, base: EventBase): StripePayoutEvent | undefined {
  const { data } = Payout.safeParse(object);
  if (!data) return undefined;
  return {
    subject: 'payout',
    ...base,
    stripePayoutId: data.id,
    payoutId: data.metadata?.['payout_id'] ?? null,
    status: data.status,
    amountMinor: data.amount,
    currency: data.currency.toUpperCase(),
    failureCode: said(data.failure_code),
    failureMessage: said(data.failure_message),
  };
}

/** The event's object is our own application: only its `account` says whose account it was. */
function readDeauthorization(_object: unknown, base: EventBase): StripeAccountEvent | undefined {
  if (base.account === null) return undefined;
  const disabled = { chargesEnabled: false, payoutsEnabled: false, detailsSubmitted: false };
  return {
    subject: 'account',
    ...base,
    ...disabled,
    stripeAccountId: base.account,
    userId: null,
    requirementsDue: [],
    disabledReason: 'deauthorized',
  };
}

const said = (words: string | null | undefined) => (words ? message(words) : null);

function readAccountEvent(object: unknown, base: EventBase): StripeAccountEvent | undefined {
  const { data } = Account.safeParse(object);
  if (!data) return undefined;
  return {
    subject: 'account',
    ...base,
    stripeAccountId: data.id,
    userId: data.metadata?.['user_id'] ?? null,
    chargesEnabled: data.charges_enabled ?? false,
    payoutsEnabled: data.payouts_enabled ?? false,
    detailsSubmitted: data.details_submitted ?? false,
    requirementsDue: data.requirements?.currently_due ?? [],
    disabledReason: said(data.requirements?.disabled_reason),
  };
}
