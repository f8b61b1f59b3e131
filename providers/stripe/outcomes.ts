/** A Stripe transfer as we read it. Amounts in minor units of `currency`. */
export interface StripeTransfer {
  stripeTransferId: string;
  amountMinor: number;
  amountReversedMinor: number;
  /** ISO 4217, upper case. */
  currency: string;
  destination: string | null;
  /** Ours: the order's id. */
  transferGroup: string | null;
  sourceTransaction: string | null;
  /** True only when the whole amount was reversed. */
  reversed: boolean;
  /** Our ids, from the metadata. */
  orderId: string | null;
  transferId: string | null;
  createdAtMs: number;
}

/** One reversal of a Stripe transfer. Amount in minor units of the transfer's own currency. */
export interface StripeReversal {
  stripeReversalId: string;
  amountMinor: number;
  /** ISO 4217, upper case. */
  currency: string;
  /** Our ids, from the metadata; null for one made elsewhere, e.g. in the dashboard. */
  reversalId: string | null;
  refundId: string | null;
  createdAtMs: number;
}

/** Stripe said no and stored it under the key: only a new key can get another answer. */
export interface StripeRefused {
  kind: 'refused';
  code?: string;
  message: string;
}

export interface StripeInsufficientFunds {
  kind: 'insufficient_funds';
  message: string;
}

/** Not stored under the key: ask again with the same one. */
export interface StripeRateLimited {
  kind: 'rate_limited';
  retryAfterMs?: number;
}

/** 401 or 403, not stored under the key: no row's fault. */
export interface StripeUnauthorized {
  kind: 'unauthorized';
  message: string;
}

/**
 * 403 `account_invalid`, or 400 "No such destination": the connected account was closed, or its owner took our access
 * back. This call did nothing; it does not say what an earlier one did under the same key.
 */
export interface StripeAccountGone {
  kind: 'account_gone';
  message: string;
}

/**
 * The key was used before with other parameters: the earlier call may have done something other than we ask for now.
 */
export interface StripeKeyMismatch {
  kind: 'key_mismatch';
  message: string;
}

/** Nobody knows whether the request was carried out: ask again with the same key. */
export interface StripeUnknown {
  kind: 'unknown';
  /** For people: never holds a host name, an address or a key. */
  reason: string;
  httpStatus?: number;
  /** A 5xx marked `Idempotent-Replayed`: the same key gets this answer for ever. */
  storedUnderKey: boolean;
}

/** 404: no such transfer. One call, no retry. */
export interface StripeNoSuchTransfer {
  kind: 'no_such_transfer';
  message: string;
}

/** Look the transfer's reversals up: ours may be among them. */
export interface StripeAlreadyReversed {
  kind: 'already_reversed';
  message: string;
}

/** Look the transfer's reversals up: ours may be among them. */
export interface StripeAmountExceedsLeft {
  kind: 'amount_exceeds_left';
  message: string;
}

/** The failures that every call can have. */
export type StripeFailure =
  | StripeRefused
  | StripeInsufficientFunds
  | StripeRateLimited
  | StripeUnauthorized
  | StripeAccountGone
  | StripeKeyMismatch
  | StripeUnknown;

export type CreateTransferOutcome =
  | {
      kind: 'created';
      stripeTransferId: string;
      amountMinor: number;
      currency: string;
      /** Stripe answered from the key's store: an earlier attempt made the object. */
      replayed: boolean;
    }
  | StripeFailure;

export type CreateReversalOutcome =
  | {
      kind: 'created';
      stripeReversalId: string;
      amountMinor: number;
      currency: string;
      /** Stripe answered from the key's store: an earlier attempt made the object. */
      replayed: boolean;
    }
  | StripeNoSuchTransfer
  | StripeAlreadyReversed
  | StripeAmountExceedsLeft
  | StripeFailure;

export type StripeReadFailure =
  | StripeRefused
  | StripeRateLimited
  | StripeUnauthorized
  | StripeAccountGone
  | StripeUnknown;

export type FindTransferOutcome =
  | {
      kind: 'found';
      transfer: StripeTransfer;
      /** Later transfers with the same `transfer_id`: should be empty; raise an alert where it is not. */
      duplicates: StripeTransfer[];
    }
  /** Stripe's whole list was read and shows none. */
  | { kind: 'not_found' }
  | StripeReadFailure;

/** Stripe's whole list, or none of it. */
export type ListTransfersOutcome = { kind: 'transfers'; transfers: StripeTransfer[] } | StripeReadFailure;

export type ListReversalsOutcome =
  | { kind: 'reversals'; reversals: StripeReversal[] }
  | StripeNoSuchTransfer
  | StripeReadFailure;

export type ReadTransferOutcome =
  | { kind: 'transfer'; transfer: StripeTransfer }
  | StripeNoSuchTransfer
  | StripeReadFailure;

/** A payout from a connected account to its owner's bank. Amount in minor units of `currency`. */
export interface StripePayout {
  stripePayoutId: string;
  amountMinor: number;
  /** ISO 4217, upper case. */
  currency: string;
  /** `pending`, `in_transit`, `paid`, `failed` or `canceled`. */
  status: string;
  failureMessage: string | null;
  /** Our id, from the metadata; null for a payout made elsewhere. */
  payoutId: string | null;
  createdAtMs: number;
}

export type CreatePayoutOutcome =
  | { kind: 'created'; payout: StripePayout; replayed: boolean }
  | StripeFailure;

export type FindPayoutOutcome =
  | { kind: 'found'; payout: StripePayout }
  /** The account's whole list was read and shows none. */
  | { kind: 'not_found' }
  | StripeReadFailure;

export type ReadPayoutOutcome = { kind: 'payout'; payout: StripePayout } | StripeReadFailure;

/** A seller's connected account, as far as money needs to know it. */
export interface StripeAccount {
  stripeAccountId: string;
  /** Our id, from the metadata. */
  userId: string | null;
  /** Whether the account can receive transfers. */
  transfersEnabled: boolean;
  /** Whether it may pay out to its bank. */
  payoutsEnabled: boolean;
}

export type CreateAccountOutcome =
  | { kind: 'created'; account: StripeAccount; replayed: boolean }
  | StripeFailure;

export type FindAccountOutcome =
  | { kind: 'found'; account: StripeAccount }
  /** The whole list since then was read and shows none. */
  | { kind: 'not_found' }
  | StripeReadFailure;

export type ReadAccountOutcome = { kind: 'account'; account: StripeAccount } | StripeReadFailure;

/** Where the seller fills in Stripe's forms: the link works once, for some minutes. */
export type CreateAccountLinkOutcome = { kind: 'link'; url: string; expiresAtMs: number } | StripeFailure;
