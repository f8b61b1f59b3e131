import { z } from 'zod';
import type { StripeAccount, StripePayout, StripeReversal, StripeTransfer } from './outcomes.ts';

// Validated although the SDK has types: it takes any JSON without an `error` field for a success, even a proxy's 502.
const id = z.string().min(1);
const amountMinor = z.int().nonnegative();
const metadata = z.record(z.string(), z.string()).nullish();
/** An id, or the object itself where it was expanded. */
const reference = z
  .union([z.string(), z.object({ id: z.string() }).transform((object) => object.id)])
  .nullish();

const Transfer = z.object({
  object: z.literal('transfer'),
  id,
  amount: amountMinor,
  amount_reversed: amountMinor,
  created: z.int(),
  currency: id,
  destination: reference,
  metadata,
  reversed: z.boolean(),
  source_transaction: reference,
  transfer_group: z.string().nullish(),
});

const Reversal = z.object({
  object: z.literal('transfer_reversal'),
  id,
  amount: amountMinor,
  created: z.int(),
  currency: id,
  metadata,
});

const Payout = z.object({
  object: z.literal('payout'),
  id,
  // Signed: a debit of a negative balance is a payout too.
  amount: z.int(),
  created: z.int(),
  currency: id,
  failure_message: z.string().nullish(),
  metadata,
  status: id,
});

const Account = z.object({
  object: z.literal('account'),
  id,
  capabilities: z.object({ transfers: z.string().nullish() }).nullish(),
  metadata,
  payouts_enabled: z.boolean().nullish(),
});

const AccountLink = z.object({ object: z.literal('account_link'), url: z.url(), expires_at: z.int() });

const Page = z.object({ object: z.literal('list'), data: z.array(z.unknown()), has_more: z.boolean() });

/** Reads a transfer; undefined when it is not one. */
export function readTransferBody(body: unknown): StripeTransfer | undefined {
  const { data } = Transfer.safeParse(body);
  if (!data) return undefined;
  return {
    stripeTransferId: data.id,
    amountMinor: data.amount,
    amountReversedMinor: data.amount_reversed,
    currency: data.currency.toUpperCase(),
    destination: data.destination ?? null,
    transferGroup: data.transfer_group ?? null,
    sourceTransaction: data.source_transaction ?? null,
    reversed: data.reversed,
    orderId: data.metadata?.['order_id'] ?? null,
    transferId: data.metadata?.['transfer_id'] ?? null,
    createdAtMs: data.created * 1000,
  };
}

/** Reads a transfer's reversal; undefined when it is not one. */
export function readReversalBody(body: unknown): StripeReversal | undefined {
  const { data } = Reversal.safeParse(body);
  if (!data) return undefined;
  return {
    stripeReversalId: data.id,
    amountMinor: data.amount,
    currency: data.currency.toUpperCase(),
    reversalId: data.metadata?.['reversal_id'] ?? null,
    refundId: data.metadata?.['refund_id'] ?? null,
    createdAtMs: data.created * 1000,
  };
}

/** Reads a payout; undefined when it is not one. */
export function readPayoutBody(body: unknown): StripePayout | undefined {
  const { data } = Payout.safeParse(body);
  if (!data) return undefined;
  return {
    stripePayoutId: data.id,
    amountMinor: data.amount,
    currency: data.currency.toUpperCase(),
    status: data.status,
    failureMessage: data.failure_message ?? null,
    payoutId: data.metadata?.['payout_id'] ?? null,
    createdAtMs: data.created * 1000,
  };
}

/** Reads a connected account; undefined when it is not one. */
export function readAccountBody(body: unknown): StripeAccount | undefined {
  const { data } = Account.safeParse(body);
  if (!data) return undefined;
  return {
    stripeAccountId: data.id,
    userId: data.metadata?.['user_id'] ?? null,
    transfersEnabled: data.capabilities?.transfers === 'active',
    payoutsEnabled: data.payouts_enabled ?? false,
  };
}

/** Reads an account link; undefined when it is not one. */
export function readAccountLinkBody(body: unknown): { url: string; expiresAtMs: number } | undefined {
  const { data } = AccountLink.safeParse(body);
  return data && { url: data.url, expiresAtMs: data.expires_at * 1000 };
}

/** Reads one page of a list; undefined when it is not one. */
export function readPage(body: unknown): { items: unknown[]; hasMore: boolean } | undefined {
  const { data } = Page.safeParse(body);
  return data && { items: data.data, hasMore: data.has_more };
}
