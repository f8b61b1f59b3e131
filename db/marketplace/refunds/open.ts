import { and, eq } from 'drizzle-orm';
import { asParty, type RefundPlan } from '../../../domain/marketplace/eligibility.ts';
import type { KeptAsk } from '../../../domain/kernel/index.ts';
import type { AskedRefund, OpenedRefund, RefundOpening } from '../../../domain/marketplace/messages.ts';
import { type Refusal, VezaError } from '../../../domain/errors.ts';
import type { Db, Tx } from '../../client.ts';
import { type Refund, refundAllocations, refunds } from './schema.ts';
import { idempotencyKeys, readAsk, refuseAsk, takeAsk } from '../../kernel/index.ts';
import { columnsOf, lockNamedPurchase, type Purchase, type Purchases } from '../purchase.ts';

export interface RefundToOpen {
  readonly refundId: string;
  /** The kept ask. Where it is not given, it is read: it is gone once the refund was opened, or nobody asked. */
  readonly ask?: KeptAsk<AskedRefund> | undefined;
}

/**
 * Phase 1: decides a refund under its purchase's lock, and opens it `pending` with its allocations. A repeated
 * attempt finds the refund open, and gives the same answer. A refund that nobody asked for is refused.
 */
export async function openRefund(
  db: Db,
  { refundId, ask: given }: RefundToOpen,
  purchases: Purchases,
): Promise<RefundOpening> {
  return db.transaction(async (tx) => {
    const ask = given ?? (await readAsk<AskedRefund>(tx, 'refund', refundId));
    if (ask === undefined) {
      const refund = await readRefund(tx, refundId);
      if (refund === undefined)
        return { refused: { code: 'refund_not_found', detail: `Nobody asked for a refund ${refundId}.` } };
      return { opened: openedFrom(refund), bodyHash: null, status: refund.status };
    }
    if (ask.refused) return { refused: ask.refused };
    await takeAsk(tx, refundId);
    const refuse = (refusal: Refusal) => refuseAsk(tx, refundId, { kind: 'refund', ...ask }, refusal);
    let purchase;
    try {
      purchase = await lockNamedPurchase(tx, { kind: 'order', id: ask.orderId }, purchases);
    } catch (error) {
      if (!(error instanceof VezaError)) throw error;
      return refuse({ code: error.code, detail: error.detail });
    }
    // An admin's refund of somebody else's order is an operator's action, and never comes this way.
    const own = { ...ask, caller: asParty(ask.caller) };
    const [repeated, decision] = await Promise.all([
      findRepeated(tx, refundId, ask),
      purchase.decideRefund(tx, own),
    ]);
    if (repeated) return repeated;
    if ('refusal' in decision) return refuse(decision.refusal);
    const { plan } = decision;
    const reason = ask.reason ?? null;
    const requestedBy = ask.caller.userId;
    const refund = await writeRefund(tx, purchase, plan, { refundId, reason, requestedBy });
    const opened = openedFrom(refund);
    if (ask.idempotency)
      await tx.insert(idempotencyKeys).values({ ...ask.idempotency, answer: { ...opened, reason } });
    return { opened, bodyHash: ask.idempotency?.bodyHash ?? null, status: refund.status };
  });
}

/** Writes the refund that was decided on, `pending`, with its allocations. The purchase must be locked. */
export async function writeRefund(
  tx: Tx,
  purchase: Purchase,
  plan: RefundPlan,
  { refundId, reason, requestedBy }: { refundId: string; reason: string | null; requestedBy: string },
): Promise<Refund> {
  const [refund] = await tx
    .insert(refunds)
    .values({
      id: refundId,
      ...columnsOf(purchase),
      amountMinor: plan.amountMinor,
      currency: purchase.currency,
      reason,
      requestedBy,
      byItems: plan.byItems,
      endsAccess: plan.endsAccess ?? false,
    })
    .returning();
  if (refund === undefined) throw new Error(`refund ${refundId} was not inserted`);
  if (plan.allocations.length > 0) {
    await tx.insert(refundAllocations).values(
      plan.allocations.map(({ orderItemId, sellerMinor, feeMinor }) => ({
        refundId,
        orderItemId,
        sellerMinor,
        feeMinor,
      })),
    );
  }
  await purchase.refundOpened(tx, refund);
  return refund;
}

async function findRepeated(
  tx: Tx,
  refundId: string,
  ask: NonNullable<RefundToOpen['ask']>,
): Promise<RefundOpening | null> {
  const refund = await readRefund(tx, refundId);
  if (refund === undefined) return null;
  const [stored] = ask.idempotency
    ? await tx
        .select({ bodyHash: idempotencyKeys.bodyHash })
        .from(idempotencyKeys)
        .where(
          and(eq(idempotencyKeys.scope, ask.idempotency.scope), eq(idempotencyKeys.key, ask.idempotency.key)),
        )
    : [];
  return { opened: openedFrom(refund), bodyHash: stored?.bodyHash ?? null, status: refund.status };
}

async function readRefund(tx: Tx, refundId: string): Promise<Refund | undefined> {
  const [refund] = await tx.select().from(refunds).where(eq(refunds.id, refundId));
  return refund;
}

const openedFrom = (refund: Refund): OpenedRefund => ({
  refundId: refund.id,
  orderId: refund.orderId,
  amountMinor: refund.amountMinor,
  currency: refund.currency,
  createdAt: refund.createdAt.toISOString(),
});
