import type Stripe from 'stripe';
import { requireAmountMinor, requireId, requireKey } from '../idempotency-key.ts';
import { readPayoutBody } from './bodies.ts';
import { classifyStripeError, isReplayed } from './classify.ts';
import { createFailure, type LastResponse, readFailure, unexpectedBody } from './failures.ts';
import { listAll } from './list-all.ts';
import type { CreatePayoutOutcome, FindPayoutOutcome, ReadPayoutOutcome, StripePayout } from './outcomes.ts';

export interface CreatePayoutRequest {
  /** Our id; goes into the metadata, where `findPayout` finds it again. */
  payoutId: string;
  /** The connected account whose money it is, `acct_…`. */
  stripeAccountId: string;
  amountMinor: number;
  /** ISO 4217, any case. */
  currency: string;
  idempotencyKey: string;
}

/** Payouts are made and listed on the connected account. As for all calls, outcomes are returned, never thrown. */
export interface PayoutCalls {
  createPayout(request: CreatePayoutRequest): Promise<CreatePayoutOutcome>;
  /** Reads the account's list of payouts made since then: Stripe cannot search by metadata. */
  findPayout(wanted: {
    stripeAccountId: string;
    payoutId: string;
    createdSinceMs: number;
  }): Promise<FindPayoutOutcome>;
  readPayout(wanted: { stripeAccountId: string; stripePayoutId: string }): Promise<ReadPayoutOutcome>;
}

/** Whether the payout's money never reached a bank, or came back. */
export const isCalledOff = ({ status }: StripePayout): boolean =>
  status === 'failed' || status === 'canceled';

export function payoutCalls(stripe: Stripe): PayoutCalls {
  return {
    async createPayout(request) {
      const params = {
        amount: requireAmountMinor(request.amountMinor),
        currency: request.currency.toLowerCase(),
        metadata: { payout_id: requireId('payoutId', request.payoutId) },
      };
      const options = {
        stripeAccount: requireId('stripeAccountId', request.stripeAccountId),
        idempotencyKey: requireKey(request.idempotencyKey),
      };
      return stripe.payouts.create(params, options).then(
        (made) => created(made),
        (error: unknown) => createFailure(classifyStripeError(error)),
      );
    },

    async findPayout(wanted) {
      const stripeAccount = requireId('stripeAccountId', wanted.stripeAccountId);
      const payoutId = requireId('payoutId', wanted.payoutId);
      const since = { gte: Math.floor(wanted.createdSinceMs / 1000) };
      const listed = await listAll(
        (cursor) => stripe.payouts.list({ created: since, ...cursor }, { stripeAccount }),
        readPayoutBody,
      );
      if (listed.kind !== 'all') return readFailure(listed);
      // Keeps the oldest, the first one made. A payout that was called off does not count where there is another.
      const ours = listed.items.filter((item) => item.payoutId === payoutId);
      const payout = ours.findLast((item) => !isCalledOff(item)) ?? ours.at(-1);
      return payout ? { kind: 'found', payout } : { kind: 'not_found' };
    },

    async readPayout(wanted) {
      const stripeAccount = requireId('stripeAccountId', wanted.stripeAccountId);
      const id = requireId('stripePayoutId', wanted.stripePayoutId);
      return stripe.payouts.retrieve(id, {}, { stripeAccount }).then(
        (read): ReadPayoutOutcome => {
          const payout = readPayoutBody(read);
          return payout ? { kind: 'payout', payout } : unexpectedBody(read.lastResponse);
        },
        (error: unknown) => readFailure(classifyStripeError(error)),
      );
    },
  };
}

function created(made: { lastResponse: LastResponse }): CreatePayoutOutcome {
  const payout = readPayoutBody(made);
  if (!payout) return unexpectedBody(made.lastResponse);
  return { kind: 'created', payout, replayed: isReplayed(made.lastResponse.headers) };
}
