import { type FaultBox } from '../kernel/faults.ts';
import { isRecord } from '../kernel/fields.ts';
import { providerId } from '../kernel/ids.ts';
import { RateLimiter } from '../kernel/rate-limiter.ts';
import type { Answer, Exchange, Operation, Provider } from '../kernel/server.ts';
import type { Tasks } from '../kernel/tasks.ts';
import { whyOffGrain } from '../stripe/grain.ts';
import { type Books } from './books.ts';
import { cardIn } from './cards.ts';
import { type ChargeFault, endingOfCharge, orderedEnding, settleInTime } from './charges.ts';
import { findDispute, listDisputes } from './disputes.ts';
import { answerForStatus, MalformedBody, RATE_LIMITED, Refusal, refusalByCode } from './errors.ts';
import type { OwnFault } from './faults.ts';
import { optionalInteger, optionalText, requireObject } from './parse.ts';
import { withMethod } from './methods.ts';
import { checkPayment, insertPayment, type PaymentRequest } from './payment-requests.ts';
import {
  announcePayment,
  cancelPayment,
  confirmPayment,
  endPayment,
  findPayment,
  movePayment,
  takePayment,
} from './payments.ts';
import {
  announceRefund,
  checkRefund,
  doneMinor,
  findRefund,
  insertRefund,
  isReasonAccepted,
  transitionRefund,
  refundsOf,
  syncRefund,
} from './refunds.ts';
import type { PaymentRecord, Refund, RefundRecord } from './types.ts';

/** A buyer who is quick, but slower than the answer. */
const AUTO_PAY_MS = 50;
/** `UPPER_LIMIT` of the router's refunds_validator.rs. */
const MAX_PAGE = 100;

export interface HyperswitchParts {
  books: Books;
  faults: FaultBox<OwnFault>;
  tasks: Tasks;
  apiKey: string;
  onChange(): void;
}

const ok = (body: object): Answer => ({ status: 200, body: structuredClone(body) });

export function hyperswitchProvider(parts: HyperswitchParts): Provider {
  const limiter = new RateLimiter();
  return {
    operations: operations(parts),
    parse: (raw) => {
      try {
        return JSON.parse(raw) as unknown;
      } catch {
        return undefined;
      }
    },
    execute: async (exchange, act) => {
      try {
        authorize(parts, exchange);
        if (!limiter.admits(exchange.operation, parts.books.rateLimitPerSecond)) return RATE_LIMITED;
        return await act();
      } catch (error) {
        if (error instanceof Refusal || error instanceof MalformedBody) return error.answer;
        throw error;
      }
    },
    answerFor: (fault) => answerForStatus(fault),
    unknownRoute: () => new Refusal('unknown_url').answer,
    headers: () => ({ 'x-request-id': providerId('req', 20).slice(4) }),
  };
}

/** The buyer's browser has no API key: confirming takes the payment's client secret instead. */
function authorize(parts: HyperswitchParts, exchange: Exchange): void {
  if (exchange.headers['api-key'] === parts.apiKey) return;
  const secret = isRecord(exchange.body) ? exchange.body['client_secret'] : undefined;
  if (exchange.operation !== 'payments.confirm' || typeof secret !== 'string')
    throw new Refusal('unauthorized');
  const payment = findPayment(parts.books, exchange.params['id'] ?? '');
  if (payment.body.client_secret !== secret) throw new Refusal('client_secret_invalid');
  if (Date.parse(payment.body.expires_on) <= Date.now()) throw new Refusal('client_secret_expired');
}

function operations(parts: HyperswitchParts): readonly Operation[] {
  const { books, faults } = parts;
  const idOf = (x: Exchange): string => x.params['id'] ?? '';
  return [
    { name: 'payments.create', method: 'POST', path: '/payments', act: (x) => create(parts, x) },
    {
      name: 'payments.retrieve',
      method: 'GET',
      path: '/payments/:id',
      act: (x) => {
        const seenAt = readSide(faults, x);
        const payment = findPayment(books, idOf(x));
        if (!seenAt(payment.body.created)) throw new Refusal('payment_not_found');
        if (payment.isUnreadable) throw new Refusal('unprocessable');
        return ok(wholePayment(books, payment, seenAt));
      },
    },
    {
      name: 'payments.confirm',
      method: 'POST',
      path: '/payments/:id/confirm',
      act: (x) => {
        const payment = findPayment(books, idOf(x));
        const body = isRecord(x.body) ? x.body : {};
        const ordered = faults.takeOwn(['chargeOutcome'], x.at);
        if (ordered?.outcome === 'refused') return refusalByCode(ordered.code ?? 'IR_16', ordered.message);
        const ending = ordered === undefined ? undefined : orderedEnding(ordered, cardIn(body).present);
        confirmPayment(books, payment, body, ending);
        settleInTime(parts, payment);
        x.after(() => announcePayment(books, payment));
        return ok(payment.body);
      },
    },
    {
      name: 'payments.cancel',
      method: 'POST',
      path: '/payments/:id/cancel',
      act: (x) => {
        const payment = findPayment(books, idOf(x));
        const announce = (): void => x.after(() => announcePayment(books, payment));
        if (parts.faults.takeOwn(['paidFirst'], x.at)) {
          payment.isAccepted = true;
          takePayment(books, payment, {});
          announce();
        }
        if (parts.faults.takeOwn(['confirmedFirst'], x.at)) movePayment(payment, 'requires_customer_action');
        const reason = isRecord(x.body) ? optionalText(x.body, 'cancellation_reason') : undefined;
        cancelPayment(payment, reason ?? null);
        announce();
        return ok(payment.body);
      },
    },
    { name: 'refunds.create', method: 'POST', path: '/refunds', act: (x) => createRefund(parts, x) },
    {
      name: 'refunds.list',
      method: 'POST',
      path: '/refunds/list',
      act: (x) => listRefunds(books, requireObject(x.body, x.raw), readSide(faults, x)),
    },
    {
      name: 'refunds.retrieve',
      method: 'GET',
      path: '/refunds/:id',
      act: (x) => {
        const seenAt = readSide(faults, x);
        const refund = findRefund(books, idOf(x));
        if (!seenAt(refund.body.created_at)) throw new Refusal('refund_not_found');
        if (x.query.get('force_sync') === 'true') syncRefund(books, refund);
        return ok(asShown(refund, seenAt));
      },
    },
    {
      name: 'disputes.list',
      method: 'GET',
      path: '/disputes/list',
      act: (x) => listDisputes(books, x.query),
    },
    {
      name: 'disputes.retrieve',
      method: 'GET',
      path: '/disputes/:id',
      act: (x) => ok(findDispute(books, idOf(x)).body),
    },
  ];
}

type ReadSide = (happenedAt: string) => boolean;

/** What this read sees, by the time when objects were made or changed: everything, unless the read side is behind. */
function readSide(faults: FaultBox<OwnFault>, x: Exchange): ReadSide {
  const behind = faults.takeOwn(['readLag'], x.at);
  const atMs = Date.now();
  return (happenedAt) => behind === undefined || Date.parse(happenedAt) <= atMs - behind.lagMs;
}

const asShown = ({ body, before }: RefundRecord, seenAt: ReadSide): Refund =>
  seenAt(body.updated_at) ? body : (before ?? body);

function wholePayment(books: Books, payment: PaymentRecord, seenAt: ReadSide): object {
  const refunds = refundsOf(books, payment)
    .map((refund) => asShown(refund, seenAt))
    .filter((refund) => seenAt(refund.created_at));
  const disputes = [...books.disputes.values()]
    .map((dispute) => dispute.body)
    .filter((dispute) => dispute.payment_id === payment.body.payment_id);
  return {
    ...withMethod(books, payment.body),
    refunds: refunds.length === 0 ? null : refunds,
    disputes: disputes.length === 0 ? null : disputes,
  };
}

function create(parts: HyperswitchParts, x: Exchange): Answer {
  const { books, faults } = parts;
  const body = requireObject(x.body, x.raw);
  const request = checkPayment(books, body);
  const ordered = request.method === null ? undefined : faults.takeOwn(['chargeOutcome'], x.at);
  if (ordered?.outcome === 'refused') return refuseCharge(parts, request, ordered);
  const payment = insertPayment(books, request);
  const isConfirmed = body['confirm'] === true && body['payment_method'] !== undefined;
  if (request.method !== null) endPayment(books, payment, endingOfCharge(books, payment, ordered));
  else if (isConfirmed) confirmPayment(books, payment, body);
  if (request.method !== null || isConfirmed) {
    settleInTime(parts, payment);
    x.after(() => announcePayment(books, payment));
  } else if (books.autoPay) {
    x.after(({ early }) => (early ? payByItself(parts, payment) : payLater(parts, payment)));
  }
  return ok(payment.body);
}

/** The router's refusal of a charge, which may take the id all the same. */
function refuseCharge({ books }: HyperswitchParts, request: PaymentRequest, ordered: ChargeFault): Answer {
  if (ordered.leavesPayment === true) insertPayment(books, request).isUnreadable = true;
  return refusalByCode(ordered.code ?? 'IR_39', ordered.message);
}

export function payLater(parts: HyperswitchParts, payment: PaymentRecord): void {
  parts.tasks.later(AUTO_PAY_MS, () => payByItself(parts, payment));
}

function payByItself(parts: HyperswitchParts, payment: PaymentRecord): void {
  // A test may have paid, failed or cancelled it meanwhile.
  if (!payment.body.status.startsWith('requires_')) return;
  payment.isAccepted = true;
  takePayment(parts.books, payment, {});
  announcePayment(parts.books, payment);
  parts.onChange();
}

function createRefund(parts: HyperswitchParts, x: Exchange): Answer {
  const { books, faults } = parts;
  const ordered = faults.takeOwn(['refundOutcome'], x.at);
  if (ordered?.outcome === 'refused') return refusalByCode(ordered.code ?? 'IR_14', ordered.message);
  const request = checkRefund(books, requireObject(x.body, x.raw));
  const refund = insertRefund(books, request);
  const announce = (): void => x.after(() => announceRefund(books, refund));
  const outcome = ordered?.outcome ?? (books.refundMode === 'sync' ? 'succeeded' : 'settles');
  const refused = whyOffGrain(refund.body.currency, request.amountMinor);
  if (refused !== null) {
    // Stripe's 4xx, which the router answers with 200 and a failed refund.
    transitionRefund(refund, { status: 'failed', message: refused, code: 'parameter_invalid_integer' });
    announce();
  } else if (!isReasonAccepted(request.reason)) {
    const message = 'Invalid reason: must be one of duplicate, fraudulent, or requested_by_customer';
    transitionRefund(refund, { status: 'failed', message, code: 'invalid_request_error' });
    announce();
  } else if (outcome === 'succeeded') {
    const { doneShare } = ordered ?? {};
    if (doneShare !== undefined) refund.body.amount = doneMinor(books, request, doneShare);
    transitionRefund(refund, { status: 'succeeded' });
    announce();
  } else if (outcome === 'failed') {
    const { message = 'Charge has already been refunded', code = 'charge_already_refunded' } = ordered ?? {};
    transitionRefund(refund, { status: 'failed', message, code });
    announce();
  } else if (outcome === 'pending') {
    const { message = 'Something went wrong at the connector', code = '500', atConnector } = ordered ?? {};
    transitionRefund(refund, { status: 'pending', message, code });
    refund.atConnector = atConnector === undefined ? null : { status: atConnector, message: null };
  } else if (outcome === 'review') {
    const message = 'Integrity Check Failed! as data mismatched for fields refund_amount';
    transitionRefund(refund, { status: 'review', message, code: 'IE' });
  } else {
    refund.body.connector_refund_id = providerId('re');
    refund.settlesItself = books.refundMode === 'auto';
    x.after(() => settleByItself(parts, refund));
  }
  return ok(refund.body);
}

export function settleByItself(parts: HyperswitchParts, refund: RefundRecord): void {
  if (!refund.settlesItself) return;
  transitionRefund(refund, { status: 'succeeded' });
  announceRefund(parts.books, refund);
}

function listRefunds(books: Books, body: Record<string, unknown>, seenAt: ReadSide): Answer {
  const paymentId = optionalText(body, 'payment_id');
  const refundId = optionalText(body, 'refund_id');
  const limit = optionalInteger(body, 'limit') ?? 10;
  if (limit < 1 || limit > MAX_PAGE)
    throw new Refusal('invalid_request_data', `limit should be in between 1 and ${MAX_PAGE}`);
  const offset = optionalInteger(body, 'offset') ?? 0;
  const all = [...books.refunds.values()]
    .map((refund) => asShown(refund, seenAt))
    .filter(
      (r) =>
        seenAt(r.created_at) &&
        (paymentId === undefined || r.payment_id === paymentId) &&
        (refundId === undefined || r.refund_id === refundId),
    )
    .toReversed();
  const data = all.slice(offset, offset + limit);
  return ok({ count: data.length, total_count: all.length, data });
}
