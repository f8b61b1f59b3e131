import type { PayoutStatus } from './payout-machine.ts';
import type { IdempotencyKey, Refused } from '../kernel/index.ts';

export interface AskedPayout {
  readonly kind: 'payout';
  readonly sellerId: string;
  /** Minor units, as the client sent it: checked under lock, under one error code. Absent: all that is available. */
  readonly amount?: unknown;
  /** ISO 4217, upper case. Absent: the only currency that the seller has. */
  readonly currency?: string;
  readonly idempotency?: IdempotencyKey;
}

/** `payoutId` is of a row, or of what somebody asked for. */
export interface PayoutRequest {
  readonly payoutId: string;
  /**
   * The generation of the idempotency key that is shown until the first attempt; kept when the workflow continues as
   * new.
   */
  readonly generation?: number;
}

/** What the HTTP answer to a payout is made of; the same for every repeat of the call. */
export interface OpenedPayout {
  readonly payoutId: string;
  readonly sellerId: string;
  readonly amountMinor: number;
  readonly currency: string;
  readonly createdAt: string;
}

/** `bodyHash` lets the caller tell a repeat from a key that was used with another body. */
export type PayoutOpening =
  | Refused
  | { readonly opened: OpenedPayout; readonly bodyHash: string | null; readonly status: PayoutStatus };

/** What Stripe says of a payout, from a webhook or from a look-up. Only this ends a payout that Stripe has. */
export interface PayoutReport {
  readonly status: 'paid' | 'failed';
  readonly stripePayoutId: string;
  readonly message: string | null;
}
