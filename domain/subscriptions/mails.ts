import type { BillingCycle } from './billing-cycle.ts';
import type { EndReason } from './subscription-machine.ts';

/** Kinds of mails about a subscription. One a kind and subject is written, with the event that it tells of. */
export const SUBSCRIPTION_MAILS = [
  'subscription_started',
  'trial_started',
  'trial_ending',
  'trial_over',
  'invoice_receipt',
  'year_renews_soon',
  'payment_failed',
  'bank_wants_you',
  'subscription_recovered',
  'subscription_expired',
  'subscription_canceled',
  'subscription_taken_back',
  'subscription_changed',
  'change_failed',
  'invoice_refunded',
  'price_moves',
] as const;
export type SubscriptionMail = (typeof SUBSCRIPTION_MAILS)[number];

/** Amounts are in minor units, times ISO 8601 in billing time, and `plan` is the plan's name. */
type Amount = { readonly amount: number; readonly currency: string };
type Paid = Amount & {
  readonly invoice_id: string;
  readonly number: string | null;
  readonly plan: string;
  readonly billing_cycle: BillingCycle;
  readonly period_start: string | null;
  readonly period_end: string | null;
};
type Unpaid = Amount & {
  readonly plan: string;
  readonly invoice_id: string;
  /** The PSP's word for why; null where it gave none, or nobody was charged. */
  readonly decline_code: string | null;
};
/** Who asked for it: its person, or a dispute of theirs. */
type Cause = 'person' | 'dispute';

/** What each kind of mail says. A kind has one shape, whatever wrote it, so that it can have one text. */
export type SubscriptionMailParams = {
  readonly subscription_started: Paid;
  readonly trial_started: { readonly plan: string; readonly ends_at: string };
  /** `amount` is what will be charged then. */
  readonly trial_ending: Amount & { readonly plan: string; readonly at: string };
  readonly trial_over: { readonly plan: string; readonly reason: EndReason };
  readonly invoice_receipt: Paid;
  /** A year is charged at `at`: another one, or the first one where a change waits for that moment. */
  readonly year_renews_soon: Amount & { readonly plan: string; readonly at: string };
  /** `next_at`: when the card is charged again, or by when another one has to be there. */
  readonly payment_failed: Unpaid & {
    readonly next: 'charged_again' | 'another_card';
    readonly next_at: string | null;
  };
  readonly bank_wants_you: Unpaid;
  readonly subscription_recovered: Paid;
  readonly subscription_expired: { readonly plan: string; readonly reason: EndReason };
  readonly subscription_canceled: {
    readonly plan: string;
    readonly ends_at: string;
    readonly cause: Cause;
  };
  readonly subscription_taken_back: {
    readonly plan: string;
    readonly renews_at: string | null;
    readonly cause: Cause;
  };
  readonly subscription_changed: Paid;
  /** `plan` is the one that was wished for. */
  readonly change_failed: Unpaid;
  readonly invoice_refunded: Amount & {
    readonly invoice_id: string;
    readonly number: string | null;
    readonly reason: string;
  };
  readonly price_moves: {
    readonly plan: string;
    readonly amount_now: number;
    readonly amount_then: number;
    readonly currency: string;
    readonly not_before: string;
  };
};
