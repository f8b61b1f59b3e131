import { and, eq } from 'drizzle-orm';
import { decideRefund } from '../../domain/eligibility.ts';
import type { OpenedRefund, RefundOpening, RefundRequest } from '../../domain/messages.ts';
import type { FeePolicy } from '../../domain/shares.ts';
import type { Db, Tx } from '../client.ts';
import { moveOrder } from '../moves/order.ts';
import type { Refund } from '../moves/refund.ts';
import { readRefundableOrder } from '../queries/refundable-order.ts';
import { idempotencyKeys, refundAllocations, refunds } from '../schema/index.ts';
import { lockOrder, MissingRow } from './lock.ts';
import { takeRefundReason } from './refund-reason.ts';

/**
 * Phase 1: decides a refund under the order's lock and opens it `pending` with its allocations. An attempt that comes
 * again finds the refund open, and gives the same answer.
 */
export async function openRefund(
  db: Db,
  request: RefundRequest,
  feePolicy: FeePolicy,
): Promise<RefundOpening> {
  return db.transaction(async (tx) => {
    const { ask, refundId } = request;
    if (ask === undefined) {
      const refund = await readRefund(tx, refundId);
      return { opened: openedFrom(refund), bodyHash: null, status: refund.status };
    }
    let order;
    try {
      order = await lockOrder(tx, ask.orderId);
    } catch (error) {
      if (!(error instanceof MissingRow)) throw error;
      return { refused: { code: 'order_not_found', detail: `There is no order ${ask.orderId}.` } };
    }
    const repeated = await findRepeated(tx, request);
    if (repeated) return repeated;
    const reason = (await takeRefundReason(tx, refundId)) ?? ask.reason ?? null;
    const snapshot = await readRefundableOrder(tx, order.id);
    if (snapshot === null) throw new MissingRow('order', order.id);
    const decision = decideRefund(snapshot, ask, Date.now(), feePolicy);
    if ('refusal' in decision) return { refused: decision.refusal };
    const { plan } = decision;
    const [refund] = await tx
      .insert(refunds)
      .values({
        id: refundId,
        orderId: order.id,
        amountMinor: plan.amountMinor,
        currency: order.currency,
        reason,
        requestedBy: ask.caller.userId,
        byItems: plan.byItems,
      })
      .returning();
    if (refund === undefined) throw new Error(`refund ${refundId} was not inserted`);
    await tx.insert(refundAllocations).values(
      plan.allocations.map(({ orderItemId, sellerMinor, feeMinor }) => ({
        refundId,
        orderItemId,
        sellerMinor,
        feeMinor,
      })),
    );
    await moveOrder(tx, order, 'refund_pending');
    const opened = openedFrom(refund);
    if (ask.idempotency)
      await tx.insert(idempotencyKeys).values({ ...ask.idempotency, answer: { ...opened, reason } });
    return { opened, bodyHash: ask.idempotency?.bodyHash ?? null, status: refund.status };
  });
}

async function findRepeated(tx: Tx, { refundId, ask }: RefundRequest): Promise<RefundOpening | null> {
  const [refund] = await tx.select().from(refunds).where(eq(refunds.id, refundId));
  if (refund === undefined) return null;
  const [stored] = ask?.idempotency
    ? await tx
        .select({ bodyHash: idempotencyKeys.bodyHash })
        .from(idempotencyKeys)
        .where(
          and(eq(idempotencyKeys.scope, ask.idempotency.scope), eq(idempotencyKeys.key, ask.idempotency.key)),
        )
    : [];
  return { opened: openedFrom(refund), bodyHash: stored?.bodyHash ?? null, status: refund.status };
}

async function readRefund(tx: Tx, refundId: string): Promise<Refund> {
  const [refund] = await tx.select().from(refunds).where(eq(refunds.id, refundId));
  if (refund === undefined) throw new MissingRow('refund', refundId);
  return refund;
}

const openedFrom = (refund: Refund): OpenedRefund => ({
  refundId: refund.id,
  orderId: refund.orderId,
  amountMinor: refund.amountMinor,
  currency: refund.currency,
  createdAt: refund.createdAt.toISOString(),
});
