import type { OrderStatus } from './order-machine.ts';
import type { Refusal } from '../errors.ts';
import { grainMinor, formatMoney } from '../kernel/index.ts';
import type { Caller } from '../accounts/index.ts';
import {
  allocateAmount,
  allocateItems,
  leftMinor,
  type Allocation,
  type FeePolicy,
  type ItemLeft,
} from './shares.ts';

/** All that the decision about a refund needs to know of an order. Times are milliseconds since the epoch. */
export interface RefundableOrder {
  readonly id: string;
  readonly buyerId: string;
  readonly status: OrderStatus;
  readonly currency: string;
  /** Captured at the PSP; null while no payment is known. */
  readonly capturedMinor: number | null;
  /** Whether the captured money is held for the buyer and not earned: a refund of its own gives it back whole. */
  readonly suspended: boolean;
  readonly refundOpen: boolean;
  readonly disputeOpen: boolean;
  readonly refundDeadlineMs: number | null;
  readonly completedAtMs: number | null;
  readonly createdAtMs: number;
  readonly items: readonly ItemLeft[];
}

export interface RefundAsk {
  readonly caller: Caller;
  /** Minor units. `unknown`, because this decision checks what the client sent, under one code. */
  readonly amount?: unknown;
  readonly itemIds?: readonly string[];
  /** Of an invoice: what it paid for ends, though only a part is given back. */
  readonly endAccess?: boolean;
}

export interface RefundPlan {
  readonly amountMinor: number;
  readonly allocations: readonly Allocation[];
  /** Whether items were named: those give their licences back. An amount alone names none. */
  readonly byItems: boolean;
  readonly endsAccess?: boolean;
}

export type RefundDecision = { readonly plan: RefundPlan } | { readonly refusal: Refusal };

const FALLBACK_WINDOW_MS = 14 * 24 * 60 * 60 * 1000;

/**
 * When the right to a refund ends. Older rows without a deadline get 14 days from completion, or else from creation.
 */
export function refundDeadlineMs(
  order: Pick<RefundableOrder, 'refundDeadlineMs' | 'completedAtMs' | 'createdAtMs'>,
): number {
  return order.refundDeadlineMs ?? (order.completedAtMs ?? order.createdAtMs) + FALLBACK_WINDOW_MS;
}

/** An order's buyer and sellers. */
interface Parties {
  readonly buyerId: string;
  readonly items: readonly { readonly sellerId: string }[];
}

/** Whether a person may know that the order exists. */
export function maySee(order: Parties, caller: Caller): boolean {
  return mayRefund(order, caller) || caller.role === 'moderator';
}

const mayRefund = (order: Parties, caller: Caller): boolean =>
  caller.role === 'admin' || isParty(order, caller);

/** Whether the caller bought the order or sold on it. An admin who did acts for themselves, not as an operator. */
export const isParty = (order: Parties, { userId }: Caller): boolean =>
  order.buyerId === userId || order.items.some((item) => item.sellerId === userId);

/** The caller as buyer or seller alone, even if they are an admin. */
export const asParty = (caller: Caller): Caller =>
  caller.role === 'admin' ? { ...caller, role: 'user' } : caller;

/**
 * Decides a refund. The order of the checks is part of the contract: permission first, then a refund that is already
 * open (whatever else is wrong), then the order's state, payment, dispute, window and amount.
 */
export function decideRefund(
  order: RefundableOrder,
  ask: RefundAsk,
  nowMs: number,
  feePolicy: FeePolicy = 'refund',
): RefundDecision {
  const { caller } = ask;
  if (!maySee(order, caller)) return refuse('order_not_found', `There is no order ${order.id}.`);
  if (!mayRefund(order, caller)) {
    return refuse(
      'refund_forbidden',
      'Only the buyer, a seller with an item on the order, or an admin may refund it.',
    );
  }
  if (order.refundOpen || order.status === 'refund_pending') {
    return refuse('refund_already_requested', 'A refund is already in progress for this order.');
  }
  if (order.suspended || (order.status !== 'completed' && order.status !== 'partially_refunded')) {
    return refuse('order_not_refundable', `An order that is ${order.status} cannot be refunded.`, {
      order_status: order.status,
    });
  }
  if (order.capturedMinor === null) {
    return refuse('order_has_no_payment', 'No payment of this order is known at the payment provider.');
  }
  if (order.disputeOpen) {
    return refuse('order_disputed', 'The buyer has disputed this payment; the refund waits for the outcome.');
  }
  const deadlineMs = refundDeadlineMs(order);
  if (nowMs > deadlineMs) {
    const endedAt = new Date(deadlineMs).toISOString();
    return refuse('refund_window_expired', `The refund window ended at ${endedAt}.`, { ended_at: endedAt });
  }
  return planRefund(order, ask, feePolicy);
}

function planRefund(order: RefundableOrder, ask: RefundAsk, feePolicy: FeePolicy): RefundDecision {
  const buyerOrAdmin = ask.caller.role === 'admin' || order.buyerId === ask.caller.userId;
  // A seller answers for their own items only, whoever else sold on the same order.
  const within = order.items.filter((item) => buyerOrAdmin || item.sellerId === ask.caller.userId);
  const { itemIds } = ask;
  const named = itemIds ? within.filter((item) => itemIds.includes(item.orderItemId)) : within;
  if (itemIds && (itemIds.length === 0 || named.length < new Set(itemIds).size)) {
    return refuse('refund_amount_invalid', 'An item named is not one of this order that you may refund.');
  }
  const left = leftMinor(named);
  if (left === 0) return refuse('order_not_refundable', 'Nothing is left to refund.');
  if (ask.amount === undefined || ask.amount === null) {
    const wholeOrderOrNamed = itemIds !== undefined || named.length < order.items.length;
    return {
      plan: { amountMinor: left, allocations: allocateItems(named, feePolicy), byItems: wholeOrderOrNamed },
    };
  }
  if (itemIds) return refuse('refund_amount_invalid', 'Give either an amount or items, not both.');
  const { amount } = ask;
  if (typeof amount !== 'number' || !Number.isSafeInteger(amount) || amount <= 0 || amount > left) {
    return refuse(
      'refund_amount_invalid',
      `The amount must be a whole number of minor units from 1 to ${left} (${formatMoney(left, order.currency)} is left).`,
      { left_amount: left },
    );
  }
  const grain = grainMinor(order.currency);
  if (amount % grain !== 0 && amount !== left) {
    return refuse(
      'refund_amount_invalid',
      `The amount must be a multiple of ${grain} minor units (${formatMoney(grain, order.currency)}).`,
      { left_amount: left, grain_amount: grain },
    );
  }
  return {
    plan: { amountMinor: amount, allocations: allocateAmount(amount, named, feePolicy), byItems: false },
  };
}

function refuse(code: Refusal['code'], detail: string, extra?: Refusal['extra']): { refusal: Refusal } {
  return { refusal: { code, detail, ...(extra && { extra }) } };
}
