import { requireId, requireKey } from '../idempotency-key.ts';
import {
  readDisputeBody,
  readDisputePage,
  readPaymentBody,
  readRefundBody,
  readRefundPage,
} from './bodies.ts';
import {
  classifyCreateFailure,
  classifyFailure,
  classifyPaymentReadFailure,
  classifyReadFailure,
  unanswered,
  type FailedAnswer,
} from './classify.ts';
import type {
  CancelPaymentOutcome,
  CreatePaymentOutcome,
  CreateRefundOutcome,
  ListDisputesOutcome,
  ListRefundsOutcome,
  PspDispute,
  PspFailure,
  PspNotFound,
  PspRefund,
  PspUnknown,
  ReadDisputeOutcome,
  ReadPaymentOutcome,
  ReadRefundOutcome,
} from './outcomes.ts';
import {
  type CancellationReason,
  type ChargeRequest,
  chargeBody,
  type CreatePaymentRequest,
  type CreateRefundRequest,
  type FirstPaymentRequest,
  firstPaymentBody,
  type PaymentBody,
  paymentBody,
  refundBody,
  type SetupPaymentRequest,
  setupBody,
} from './requests.ts';

/** Long enough for a connector behind the router, short enough that a person does not give up. */
const DEFAULT_TIMEOUT_MS = 10_000;

/** The router's largest page (`UPPER_LIMIT` of its refunds_validator.rs; 10 where none is asked for). */
const PAGE_REFUNDS = 100;

/** The router silently cuts a larger page to its own size. */
const PAGE_DISPUTES = 100;
/** No payment has more disputes than fit on so many pages. */
const PAGES_OF_PAYMENT = 20;

/** Which disputes: all of a payment, or those made since a time, the last changed first, up to a number of pages. */
export type DisputesAsked =
  | { readonly paymentId: string }
  | { readonly createdSince: Date; readonly pages: number };

export interface HyperswitchConfig {
  /** `HYPERSWITCH_BASE_URL`; a path in it is kept. */
  baseUrl: string;
  apiKey: string;
  timeoutMs?: number;
}

/** All that reconciliation may do at the PSP: there is no method that creates. */
export interface HyperswitchReader {
  readPayment(paymentId: string): Promise<ReadPaymentOutcome>;
  readRefund(refundId: string): Promise<ReadRefundOutcome>;
  /**
   * All refunds of a payment, also those made in the dashboard, as the router last knew them: a list asks no connector.
   * A payment that the router does not know has none.
   */
  listRefunds(paymentId: string): Promise<ListRefundsOutcome>;
  /**
   * Disputes as the router last heard of them, in the order of their last change. So between two pages only a dispute
   * that changes meanwhile can be missed, and it comes first in the next list.
   */
  listDisputes(asked: DisputesAsked): Promise<ListDisputesOutcome>;
}

/** What comparing our books with the PSP's needs. */
export type HyperswitchBooks = Pick<
  HyperswitchReader,
  'readPayment' | 'readRefund' | 'listRefunds' | 'listDisputes'
>;

/**
 * Expected outcomes are returned, never thrown (classify.ts has the table). Thrown before anything is sent:
 * EmptyIdempotencyKeyError, InvalidIdempotencyKeyError, InvalidAmountError.
 */
export interface Hyperswitch extends HyperswitchReader {
  createPayment(request: CreatePaymentRequest): Promise<CreatePaymentOutcome>;
  createFirstPayment(request: FirstPaymentRequest): Promise<CreatePaymentOutcome>;
  createSetupPayment(request: SetupPaymentRequest): Promise<CreatePaymentOutcome>;
  /**
   * Charges a kept card. No answer is the last word: `succeeded` and `failed` wait for the webhook or a look-up, and
   * `processing` may wait for days. A refusal (HE_02: the card or the customer is unknown; IR_16; IR_39: no connector
   * can charge it) may have left a payment behind: look it up before another charge.
   */
  chargeCard(request: ChargeRequest): Promise<CreatePaymentOutcome>;
  /**
   * Cancels a payment that nobody has paid. The router does so from `requires_payment_method`,
   * `requires_confirmation`, `requires_customer_action` and `requires_capture`, and refuses otherwise (IR_14; IR_16 in
   * some versions), also a second cancellation. The answer is the payment; after a refusal the payment has to be read.
   * Carries no idempotency key: it creates nothing, and a replayed refusal would be out of date.
   */
  cancelPayment(paymentId: string, reason?: CancellationReason): Promise<CancelPaymentOutcome>;
  createRefund(request: CreateRefundRequest): Promise<CreateRefundOutcome>;
  readDispute(disputeId: string): Promise<ReadDisputeOutcome>;
}

/** The Hyperswitch router's client (router 2026.08.21.0; docs/wire-hyperswitch.md). Throws where the configuration is unusable. */
export function createHyperswitch(config: HyperswitchConfig): Hyperswitch {
  const call = createCaller(config);
  async function create(body: PaymentBody, idempotencyKey: string): Promise<CreatePaymentOutcome> {
    const answer = await call('POST', '/payments', requireKey(idempotencyKey), body);
    if (answer.kind !== 'ok') return answer.kind === 'unknown' ? answer : classifyCreateFailure(answer);
    const payment = readPaymentBody(answer.body);
    return payment?.paymentId === body.payment_id
      ? { kind: 'payment', payment }
      : unreadable(answer.httpStatus);
  }
  return {
    createPayment: async (request) => create(paymentBody(request), request.idempotencyKey),
    createFirstPayment: async (request) => create(firstPaymentBody(request), request.idempotencyKey),
    createSetupPayment: async (request) => create(setupBody(request), request.idempotencyKey),
    chargeCard: async (request) => create(chargeBody(request), request.idempotencyKey),

    async cancelPayment(paymentId, reason = 'abandoned') {
      const path = `/payments/${encodeURIComponent(requireId('paymentId', paymentId))}/cancel`;
      const answer = await call('POST', path, undefined, { cancellation_reason: reason });
      if (answer.kind !== 'ok') return answer.kind === 'unknown' ? answer : classifyReadFailure(answer);
      const payment = readPaymentBody(answer.body);
      return payment?.paymentId === paymentId ? { kind: 'payment', payment } : unreadable(answer.httpStatus);
    },

    async readPayment(paymentId) {
      const answer = await call('GET', objectPath('payments', requireId('paymentId', paymentId)));
      if (answer.kind !== 'ok')
        return answer.kind === 'unknown' ? answer : classifyPaymentReadFailure(answer);
      const payment = readPaymentBody(answer.body);
      return payment?.paymentId === paymentId ? { kind: 'payment', payment } : unreadable(answer.httpStatus);
    },

    async createRefund(request) {
      const { refundId, paymentId } = request;
      const body = refundBody(request);
      const answer = await call('POST', '/refunds', requireKey(request.idempotencyKey), body);
      if (answer.kind !== 'ok') return answer.kind === 'unknown' ? answer : classifyFailure(answer);
      const refund = readRefundBody(answer.body);
      const ours = refund?.refundId === refundId && refund.paymentId === paymentId;
      return ours ? { kind: 'refund', refund } : unreadable(answer.httpStatus);
    },

    async readRefund(refundId) {
      const answer = await call('GET', objectPath('refunds', requireId('refundId', refundId)));
      if (answer.kind !== 'ok') return answer.kind === 'unknown' ? answer : classifyReadFailure(answer);
      const refund = readRefundBody(answer.body);
      return refund?.refundId === refundId ? { kind: 'refund', refund } : unreadable(answer.httpStatus);
    },

    async readDispute(disputeId) {
      const answer = await call('GET', objectPath('disputes', requireId('disputeId', disputeId)));
      if (answer.kind !== 'ok') return answer.kind === 'unknown' ? answer : disputeReadFailure(answer);
      const dispute = readDisputeBody(answer.body);
      return dispute?.disputeId === disputeId ? { kind: 'dispute', dispute } : unreadable(answer.httpStatus);
    },

    async listRefunds(paymentId) {
      const ofPayment = { payment_id: requireId('paymentId', paymentId), limit: PAGE_REFUNDS };
      const found = new Map<string, PspRefund>();
      for (let offset = 0; ; offset += PAGE_REFUNDS) {
        // A POST that reads: it creates nothing, so it carries no key.
        const answer = await call('POST', '/refunds/list', undefined, { ...ofPayment, offset });
        if (answer.kind !== 'ok') return answer.kind === 'unknown' ? answer : classifyReadFailure(answer);
        const page = readRefundPage(answer.body);
        if (!page?.refunds.every((refund) => refund.paymentId === paymentId))
          return unreadable(answer.httpStatus);
        for (const refund of page.refunds) found.set(refund.refundId, refund);
        if (offset + PAGE_REFUNDS >= page.total && found.size >= page.total)
          return { kind: 'refunds', refunds: [...found.values()] };
        // Rows moved between two pages: a part of the list does not count as the list.
        if (page.refunds.length < PAGE_REFUNDS) return unreadable(answer.httpStatus);
      }
    },

    async listDisputes(asked) {
      const ofPayment = 'paymentId' in asked ? requireId('paymentId', asked.paymentId) : null;
      const filter: Record<string, string> =
        'paymentId' in asked
          ? { payment_id: asked.paymentId }
          : { start_time: asked.createdSince.toISOString() };
      const pages = 'paymentId' in asked ? PAGES_OF_PAYMENT : asked.pages;
      const found = new Map<string, PspDispute>();
      let offset = 0;
      for (let page = 0; page < pages; page += 1) {
        const query = new URLSearchParams({
          ...filter,
          limit: String(PAGE_DISPUTES),
          offset: String(offset),
        });
        const answer = await call('GET', `/disputes/list?${query.toString()}`);
        if (answer.kind !== 'ok') return answer.kind === 'unknown' ? answer : classifyReadFailure(answer);
        const listed = readDisputePage(answer.body);
        if (listed === undefined) return unreadable(answer.httpStatus);
        const fresh = listed.disputes.filter(({ disputeId }) => !found.has(disputeId));
        for (const dispute of fresh) found.set(dispute.disputeId, dispute);
        offset += listed.rows;
        // The answer has no total: the list ends with a page without anything new, also where the router goes no
        // further.
        if (fresh.length === 0) return disputesOf(ofPayment, found, true);
      }
      return disputesOf(ofPayment, found, false);
    },
  };
}

/** A missing dispute is 404 HE_04, unlike any other missing object. */
function disputeReadFailure(answer: FailedAnswer): PspFailure | PspNotFound {
  const failure = classifyReadFailure(answer);
  const isAbsent = failure.kind === 'refused' && failure.httpStatus === 404 && failure.code === 'HE_04';
  return isAbsent ? { kind: 'not_found' } : failure;
}

const disputesOf = (
  paymentId: string | null,
  found: ReadonlyMap<string, PspDispute>,
  isWhole: boolean,
): ListDisputesOutcome => ({
  kind: 'disputes',
  disputes: [...found.values()].filter((dispute) => paymentId === null || dispute.paymentId === paymentId),
  isWhole,
});

/** `force_sync`: the router asks the connector behind it, unless the object is already terminal. */
function objectPath(collection: 'payments' | 'refunds' | 'disputes', id: string): string {
  return `/${collection}/${encodeURIComponent(id)}?force_sync=true`;
}

/** A 2xx without the object we asked for says nothing about what was done. */
function unreadable(httpStatus: number): PspUnknown {
  return { kind: 'unknown', reason: `HTTP ${httpStatus} with an unexpected body`, httpStatus };
}

type Answer = ({ kind: 'ok' } & FailedAnswer) | ({ kind: 'failed' } & FailedAnswer) | PspUnknown;

function createCaller({ baseUrl, apiKey, timeoutMs = DEFAULT_TIMEOUT_MS }: HyperswitchConfig) {
  // Refused here once, without the value: inside fetch a bad header would look like a network failure for ever.
  if (!/^[\x21-\x7e]+$/.test(apiKey))
    throw new Error('the Hyperswitch api key is empty or not printable ASCII');
  if (!URL.canParse(baseUrl)) throw new Error('HYPERSWITCH_BASE_URL is not a URL');
  const base = baseUrl.replace(/\/+$/, '');

  return async (
    method: 'GET' | 'POST',
    path: string,
    idempotencyKey?: string,
    body?: object,
  ): Promise<Answer> => {
    const headers: Record<string, string> = { 'api-key': apiKey, accept: 'application/json' };
    if (idempotencyKey !== undefined) headers['idempotency-key'] = idempotencyKey;
    if (body) headers['content-type'] = 'application/json';
    try {
      const response = await fetch(base + path, {
        method,
        headers,
        ...(body ? { body: JSON.stringify(body) } : {}),
        // If fetch followed a redirect to another host, it would take our `api-key` header along.
        redirect: 'manual',
        // Covers the body too: a router may also stall after the headers.
        signal: AbortSignal.timeout(timeoutMs),
      });
      const text = await response.text();
      return {
        kind: response.ok ? 'ok' : 'failed',
        httpStatus: response.status,
        body: parseJson(text),
        retryAfter: response.headers.get('retry-after'),
      };
    } catch (error) {
      return unanswered(error, timeoutMs);
    }
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
