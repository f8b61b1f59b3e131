import { z } from 'zod';
import { message } from '../../domain/kernel/index.ts';
import { readCardOnFile } from './card-on-file.ts';
import type { PspDispute, PspPayment, PspRefund } from './outcomes.ts';
import { isoTime } from './time.ts';
import { disputeStage } from './verdicts.ts';

// Extra fields are ignored and optional ones may be absent or null: the router's OpenAPI document is wrong in places.
const optionalText = z.string().nullish().catch(null);
const said = z.string().transform(message).nullish().catch(null);
const id = z.string().trim().min(1);
const amountMinor = z.int().nonnegative();
const currency = z.string().regex(/^[A-Za-z]{3}$/);

const Payment = z.object({
  payment_id: id,
  status: id,
  amount: amountMinor,
  amount_received: amountMinor.nullish(),
  currency,
  client_secret: optionalText,
  connector_transaction_id: optionalText,
  error_message: said,
  error_code: optionalText,
  manual_retry_allowed: z.boolean().nullish().catch(null),
  updated: optionalText,
});

const Refund = z.object({
  refund_id: id,
  payment_id: id,
  amount: amountMinor,
  currency,
  status: id,
  error_message: said,
  error_code: optionalText,
  connector_refund_id: optionalText,
  updated_at: optionalText,
});

const Dispute = z.object({
  dispute_id: id,
  payment_id: id,
  // Only this object has its minor units in a string.
  amount: z.union([
    amountMinor,
    z
      .string()
      .regex(/^\d{1,15}$/)
      .transform(Number),
  ]),
  currency,
  dispute_status: id,
  dispute_stage: optionalText,
  connector_dispute_id: optionalText,
});

const RefundPage = z.object({ total_count: z.int().nonnegative(), data: z.array(z.unknown()) });

const ErrorBody = z.object({
  error: z.object({
    code: z.string().min(1),
    message: z.string().transform(message).catch(''),
    reason: said,
  }),
});

/** Reads the body of a payment; undefined when it is not one. */
export function readPaymentBody(body: unknown): PspPayment | undefined {
  const { data } = Payment.safeParse(body);
  if (!data) return undefined;
  return {
    paymentId: data.payment_id,
    status: data.status,
    amountMinor: data.amount,
    amountReceivedMinor: data.amount_received ?? null,
    currency: data.currency.toUpperCase(),
    clientSecret: data.client_secret ?? null,
    connectorTransactionId: data.connector_transaction_id ?? null,
    errorMessage: data.error_message ?? null,
    errorCode: data.error_code ?? null,
    manualRetryAllowed: data.manual_retry_allowed ?? null,
    updatedAt: isoTime(data.updated) ?? null,
    ...readCardOnFile(body),
  };
}

/** Reads the body of a refund; undefined when it is not one. */
export function readRefundBody(body: unknown): PspRefund | undefined {
  const { data } = Refund.safeParse(body);
  if (!data) return undefined;
  return {
    refundId: data.refund_id,
    paymentId: data.payment_id,
    amountMinor: data.amount,
    currency: data.currency.toUpperCase(),
    status: data.status,
    errorMessage: data.error_message ?? null,
    errorCode: data.error_code ?? null,
    connectorRefundId: data.connector_refund_id ?? null,
    updatedAt: isoTime(data.updated_at) ?? null,
  };
}

/** Reads the body of a dispute; undefined when it is not one. */
export function readDisputeBody(body: unknown): PspDispute | undefined {
  const { data } = Dispute.safeParse(body);
  if (!data) return undefined;
  return {
    disputeId: data.dispute_id,
    paymentId: data.payment_id,
    amountMinor: data.amount,
    currency: data.currency.toUpperCase(),
    status: data.dispute_status,
    stage: disputeStage(data.dispute_stage ?? undefined),
    connectorDisputeId: data.connector_dispute_id ?? null,
  };
}

/** Reads one page of a list of refunds; undefined when it is not one, or when an item of it is no refund. */
export function readRefundPage(body: unknown): { total: number; refunds: PspRefund[] } | undefined {
  const { data: page } = RefundPage.safeParse(body);
  if (!page) return undefined;
  const refunds = page.data.map(readRefundBody).filter((refund) => refund !== undefined);
  return refunds.length === page.data.length ? { total: page.total_count, refunds } : undefined;
}

/**
 * Reads one page of a list of disputes; undefined when it is not one. Items that are no dispute are left out: an item
 * of another system must not hide the rest.
 */
export function readDisputePage(body: unknown): { rows: number; disputes: PspDispute[] } | undefined {
  if (!Array.isArray(body)) return undefined;
  const disputes = body.map(readDisputeBody).filter((dispute) => dispute !== undefined);
  return { rows: body.length, disputes };
}

/** Reads the router's error object; undefined when something else on the way (a proxy) answered. */
export function readErrorBody(body: unknown): { code: string; message: string } | undefined {
  const { data } = ErrorBody.safeParse(body);
  if (!data) return undefined;
  return { code: data.error.code, message: data.error.message || data.error.reason || data.error.code };
}
