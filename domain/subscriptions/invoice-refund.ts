import type { Refusal } from '../errors.ts';
import { formatMoney, grainMinor } from '../kernel/index.ts';
import type { RefundAsk, RefundDecision } from '../marketplace/index.ts';
import type { InvoiceStatus } from './invoice-machine.ts';

/** All that the decision about a refund needs to know of an invoice. Minor units. */
export interface RefundableInvoice {
  readonly id: string;
  readonly subscriberId: string;
  readonly status: InvoiceStatus;
  readonly currency: string;
  readonly amountMinor: number;
  readonly refundedMinor: number;
  readonly refundOpen: boolean;
  readonly disputeOpen: boolean;
}

/**
 * Decides a refund of an invoice, which only an admin may ask for who is not its subscriber. The order of the checks is part of the contract, and
 * the same as an order's.
 */
export function decideInvoiceRefund(invoice: RefundableInvoice, ask: RefundAsk): RefundDecision {
  const { caller, amount, itemIds, endAccess = false } = ask;
  if (caller.userId === invoice.subscriberId)
    return refuse('refund_forbidden', 'You are its subscriber: only an admin who is not may refund it.');
  if (caller.role !== 'admin') return refuse('invoice_not_found', `There is no invoice ${invoice.id}.`);
  if (invoice.refundOpen)
    return refuse('refund_already_requested', 'A refund is already in progress for this invoice.');
  const leftMinor = invoice.amountMinor - invoice.refundedMinor;
  if ((invoice.status !== 'paid' && invoice.status !== 'partially_refunded') || leftMinor === 0) {
    return refuse('invoice_not_refundable', `An invoice that is ${invoice.status} cannot be refunded.`, {
      invoice_status: invoice.status,
    });
  }
  if (invoice.disputeOpen)
    return refuse('invoice_disputed', 'Its payment is disputed; the refund waits for the outcome.');
  if (itemIds !== undefined) return refuse('refund_amount_invalid', 'An invoice is refunded by an amount.');
  const plan = (amountMinor: number) => ({
    plan: { amountMinor, allocations: [], byItems: false, endsAccess: endAccess },
  });
  if (amount === undefined || amount === null) return plan(leftMinor);
  if (typeof amount !== 'number' || !Number.isSafeInteger(amount) || amount <= 0 || amount > leftMinor) {
    return refuse(
      'refund_amount_invalid',
      `The amount must be a whole number of minor units from 1 to ${leftMinor} (${formatMoney(leftMinor, invoice.currency)} is left).`,
      { left_amount: leftMinor },
    );
  }
  const grain = grainMinor(invoice.currency);
  if (amount % grain !== 0 && amount !== leftMinor) {
    return refuse('refund_amount_invalid', `The amount must be a multiple of ${grain} minor units.`, {
      left_amount: leftMinor,
      grain_amount: grain,
    });
  }
  return plan(amount);
}

function refuse(code: Refusal['code'], detail: string, extra?: Refusal['extra']): { refusal: Refusal } {
  return { refusal: { code, detail, ...(extra && { extra }) } };
}
