import Stripe from 'stripe';
import { requireAmountMinor, requireId, requireKey } from '../idempotency-key.ts';
import { parseApiBase } from './api-base.ts';
import { readReversalBody, readTransferBody } from './bodies.ts';
import { type AccountCalls, accountCalls } from './accounts.ts';
import { classifyStripeError, isReplayed } from './classify.ts';
import {
  createFailure,
  type LastResponse,
  readFailure,
  readFailureOfOne,
  unexpectedBody,
} from './failures.ts';
import { listAll } from './list-all.ts';
import { type PayoutCalls, payoutCalls } from './payouts.ts';
import type {
  CreateReversalOutcome,
  CreateTransferOutcome,
  FindTransferOutcome,
  ListReversalsOutcome,
  ListTransfersOutcome,
  ReadTransferOutcome,
} from './outcomes.ts';
import { createSingleAttemptHttpClient } from './single-attempt.ts';

/** The version that the SDK's types were made for; pinned, so that somebody reads each upgrade. */
export const STRIPE_API_VERSION = '2026-10-28.endive';

const DEFAULT_TIMEOUT_MS = 10_000;

export interface StripeConfig {
  secretKey: string;
  /** `STRIPE_API_BASE`, e.g. `http://127.0.0.1:12111`; absent: Stripe itself. */
  apiBase?: string;
  timeoutMs?: number;
}

export interface CreateTransferRequest {
  /** Our id; goes into the metadata, where `findTransfer` finds it again. */
  transferId: string;
  /** Our id; the transfer group and `metadata.order_id`. */
  orderId: string;
  /** The seller's account, `acct_…`. */
  destination: string;
  amountMinor: number;
  /** ISO 4217, any case. */
  currency: string;
  /** The charge that pays for the transfer, `ch_…`, where known: Stripe then waits for its funds. */
  sourceTransaction?: string;
  idempotencyKey: string;
}

export interface CreateReversalRequest {
  stripeTransferId: string;
  /** Our id; goes into the metadata, where `listReversals` finds it again. */
  reversalId: string;
  refundId?: string;
  /** In the transfer's own currency. */
  amountMinor: number;
  idempotencyKey: string;
  /** Waits less long for the answer than other calls do. */
  timeoutMs?: number;
}

/**
 * Transfers to one account: those of an order, by its transfer group, or all that were made within a time, of any
 * group.
 */
export type TransfersOf = { readonly destination: string } & (
  | { readonly orderId: string }
  | { readonly createdFromMs: number; readonly createdToMs: number }
);

/** All that look-ups need: there is no method that creates. */
export interface StripeReader {
  /**
   * Reads Stripe's whole list of the order's transfers: Stripe cannot search by metadata. By their group alone:
   * Stripe lists nothing by an account that is gone, and an earlier attempt may have named another account.
   */
  findTransfer(wanted: { orderId: string; transferId: string }): Promise<FindTransferOutcome>;
  /**
   * An order's transfers to the seller, or all that were made to them within a time; all of them, newest first, also
   * where the seller's account is gone.
   */
  listTransfers(of: TransfersOf): Promise<ListTransfersOutcome>;
  /** All of them, newest first. */
  listReversals(stripeTransferId: string): Promise<ListReversalsOutcome>;
  readTransfer(stripeTransferId: string): Promise<ReadTransferOutcome>;
}

/**
 * Expected outcomes are returned, never thrown (classify.ts has the table). Thrown before anything is sent:
 * EmptyIdempotencyKeyError, InvalidIdempotencyKeyError, InvalidAmountError.
 */
export interface StripeClient extends StripeReader, PayoutCalls, AccountCalls {
  createTransfer(request: CreateTransferRequest): Promise<CreateTransferOutcome>;
  createReversal(request: CreateReversalRequest): Promise<CreateReversalOutcome>;
}

/** Stripe Connect's client, one attempt a call (SDK 23; docs/wire-stripe.md). Throws where the configuration is unusable. */
export function createStripe({
  secretKey,
  apiBase,
  timeoutMs = DEFAULT_TIMEOUT_MS,
}: StripeConfig): StripeClient {
  if (!/^[\x21-\x7e]+$/.test(secretKey)) throw new Error('the Stripe key is empty or not printable ASCII');
  const stripe = new Stripe(secretKey, {
    ...(apiBase ? parseApiBase(apiBase) : {}),
    apiVersion: STRIPE_API_VERSION,
    // The workflow retries, where people see it.
    maxNetworkRetries: 0,
    httpClient: createSingleAttemptHttpClient(),
    timeout: timeoutMs,
    telemetry: false,
  });

  async function list(filter: Stripe.TransferListParams): Promise<ListTransfersOutcome> {
    const listed = await listAll(
      (cursor) => stripe.transfers.list({ ...filter, ...cursor }),
      readTransferBody,
    );
    return listed.kind === 'all' ? { kind: 'transfers', transfers: listed.items } : readFailure(listed);
  }

  return {
    ...payoutCalls(stripe),
    ...accountCalls(stripe),

    async createTransfer(request) {
      const params = transferParams(request);
      const options = { idempotencyKey: requireKey(request.idempotencyKey) };
      return stripe.transfers.create(params, options).then(
        (made) => createdTransfer(made),
        (error: unknown) => createFailure(classifyStripeError(error)),
      );
    },

    async createReversal(request) {
      const id = requireId('stripeTransferId', request.stripeTransferId);
      const params = reversalParams(request);
      const { timeoutMs: timeout } = request;
      const options = {
        idempotencyKey: requireKey(request.idempotencyKey),
        ...(timeout !== undefined && { timeout }),
      };
      return stripe.transfers.createReversal(id, params, options).then(
        (made) => createdReversal(made),
        (error: unknown) => classifyStripeError(error),
      );
    },

    async findTransfer(wanted) {
      const transferId = requireId('transferId', wanted.transferId);
      const listed = await list({ transfer_group: requireId('orderId', wanted.orderId) });
      if (listed.kind !== 'transfers') return listed;
      // Oldest first: the first one made is the one to keep.
      const [transfer, ...duplicates] = listed.transfers
        .filter((item) => item.transferId === transferId)
        .toReversed();
      return transfer ? { kind: 'found', transfer, duplicates } : { kind: 'not_found' };
    },

    async listTransfers(of) {
      const destination = requireId('destination', of.destination);
      const filter: Stripe.TransferListParams =
        'orderId' in of
          ? { transfer_group: requireId('orderId', of.orderId) }
          : { created: { gte: seconds(of.createdFromMs), lte: seconds(of.createdToMs) } };
      const listed = await list({ destination, ...filter });
      if (listed.kind !== 'account_gone') return listed;
      const toAll = await list(filter);
      if (toAll.kind !== 'transfers') return toAll;
      const transfers = toAll.transfers.filter((transfer) => transfer.destination === destination);
      return { kind: 'transfers', transfers };
    },

    async listReversals(stripeTransferId) {
      const id = requireId('stripeTransferId', stripeTransferId);
      const listed = await listAll((cursor) => stripe.transfers.listReversals(id, cursor), readReversalBody);
      return listed.kind === 'all'
        ? { kind: 'reversals', reversals: listed.items }
        : readFailureOfOne(listed);
    },

    async readTransfer(stripeTransferId) {
      const id = requireId('stripeTransferId', stripeTransferId);
      return stripe.transfers.retrieve(id).then(
        (read): ReadTransferOutcome => {
          const transfer = readTransferBody(read);
          return transfer ? { kind: 'transfer', transfer } : unexpectedBody(read.lastResponse);
        },
        (error: unknown) => readFailureOfOne(classifyStripeError(error)),
      );
    },
  };
}

const seconds = (ms: number) => Math.floor(ms / 1000);

function transferParams(request: CreateTransferRequest): Stripe.TransferCreateParams {
  const orderId = requireId('orderId', request.orderId);
  return {
    amount: requireAmountMinor(request.amountMinor),
    currency: request.currency.toLowerCase(),
    destination: requireId('destination', request.destination),
    transfer_group: orderId,
    metadata: { order_id: orderId, transfer_id: requireId('transferId', request.transferId) },
    ...(request.sourceTransaction === undefined ? {} : { source_transaction: request.sourceTransaction }),
  };
}

function reversalParams({ reversalId, refundId, amountMinor }: CreateReversalRequest) {
  return {
    amount: requireAmountMinor(amountMinor),
    metadata: {
      reversal_id: requireId('reversalId', reversalId),
      ...(refundId === undefined ? {} : { refund_id: refundId }),
    },
  };
}

function createdTransfer(made: { lastResponse: LastResponse }): CreateTransferOutcome {
  const transfer = readTransferBody(made);
  if (!transfer) return unexpectedBody(made.lastResponse);
  const { stripeTransferId, amountMinor, currency } = transfer;
  return {
    kind: 'created',
    stripeTransferId,
    amountMinor,
    currency,
    replayed: isReplayed(made.lastResponse.headers),
  };
}

function createdReversal(made: { lastResponse: LastResponse }): CreateReversalOutcome {
  const reversal = readReversalBody(made);
  if (!reversal) return unexpectedBody(made.lastResponse);
  const { stripeReversalId, amountMinor, currency } = reversal;
  return {
    kind: 'created',
    stripeReversalId,
    amountMinor,
    currency,
    replayed: isReplayed(made.lastResponse.headers),
  };
}
