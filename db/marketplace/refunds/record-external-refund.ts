import { eq, or } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { isUuid, formatMoney } from '../../../domain/kernel/index.ts';
import { orderWorkflowId, refundWorkflowId } from '../../../domain/marketplace/ids.ts';
import type { RefundKind } from '../../../domain/marketplace/refund-machine.ts';
import type { PaymentReport } from '../../../domain/marketplace/messages.ts';
import type { FeePolicy } from '../../../domain/marketplace/shares.ts';
import type { Db, Tx } from '../../client.ts';
import type { Order } from '../orders/schema.ts';
import { refunds } from './schema.ts';
import { findUnstarted } from '../find-unstarted.ts';
import { capturedBy, findGiveBack, giveBack, type GiveBackWork } from '../orders/give-back.ts';
import { holdShares } from '../orders/hold-shares.ts';
import { lockOrder } from '../lock.ts';
import { raiseFlag } from '../../kernel/index.ts';
import { type SettledRefund, settleShares } from '../orders/settle-shares.ts';

/** Money that left without us asking, as the PSP tells of it. Minor units. */
export interface OutsideRefund {
  /** The PSP's id; unique over all refunds, so that it is booked once. NULL for a lost dispute, which has no refund. */
  readonly providerRefundId: string | null;
  readonly amountMinor: number;
  readonly currency: string;
  /** When the PSP last changed it, where it said so. */
  readonly saidAt?: string;
  /** Of a lost dispute: whose loss it is. */
  readonly disputeId?: string;
}

export interface RecordedRefund extends SettledRefund {
  /** Its order failed and we know of no payment, so nothing was booked: the payment is to be read at the PSP first. */
  readonly wantsPayment?: true;
  /** What of a payment that nobody told us of is still to be given back. */
  readonly giveBack?: GiveBackWork;
}

/**
 * A refund made in the PSP's dashboard: booked and settled like ours, once for each of the PSP's ids. `payment`: what
 * the PSP says of a payment that a failed order does not know; null where it was not captured.
 */
export async function recordExternalRefund(
  db: Db,
  orderId: string,
  outside: OutsideRefund & { readonly providerRefundId: string },
  feePolicy: FeePolicy,
  payment?: PaymentReport | null,
): Promise<RecordedRefund> {
  return db.transaction(async (tx) => {
    const order = await lockOrder(tx, orderId);
    const [known] = await tx.select({ id: refunds.id }).from(refunds).where(isOfId(outside.providerRefundId));
    if (known)
      return { ...(await findUnstarted(tx, [known.id])), ...asGiveBack(await findGiveBack(tx, orderId)) };
    const isUnpaid = order.status === 'failed' && order.capturedMinor === null;
    if (isUnpaid && payment === undefined) return { reversals: [], transfers: [], wantsPayment: true };
    const captured = isUnpaid && payment ? capturedBy(payment, order) : null;
    if (!captured || !payment || captured.currency !== outside.currency) {
      return settleOutside(tx, order, 'external', outside, feePolicy);
    }
    // Both at once: asked for the whole, the PSP would refuse to give back what has gone already.
    const late = { captured, fact: payment, goneMinor: outside.amountMinor };
    const { order: holding, work } = await giveBack(tx, order, late);
    return { ...(await settleOutside(tx, holding, 'external', outside, feePolicy)), ...asGiveBack(work) };
  });
}

/** Ours too, whose id the PSP has before we know it: it is no other refund, and its own workflow settles it. */
const isOfId = (providerRefundId: string) =>
  isUuid(providerRefundId)
    ? or(eq(refunds.hyperswitchRefundId, providerRefundId), eq(refunds.id, providerRefundId))
    : eq(refunds.hyperswitchRefundId, providerRefundId);

const asGiveBack = (work: GiveBackWork | null) => (work === null ? {} : { giveBack: work });

/** Books money that has left: the refund is `succeeded` from the start, since nothing is left to be asked. */
export async function settleOutside(
  tx: Tx,
  order: Order,
  kind: Extract<RefundKind, 'external' | 'dispute'>,
  outside: OutsideRefund,
  feePolicy: FeePolicy,
): Promise<SettledRefund> {
  const isBookable = order.capturedCurrency === outside.currency && outside.amountMinor > 0;
  if (order.capturedMinor === null || !isBookable) {
    // Books of one currency cannot hold another's, nor a refund of nothing; people decide what this was.
    const said = formatMoney(outside.amountMinor, outside.currency);
    await raiseFlag(
      tx,
      'outside_refund_unbooked',
      orderWorkflowId(order.id),
      `${said} left the PSP (${kind})`,
    );
    return { reversals: [], transfers: [] };
  }
  const id = uuidv7();
  const { amountMinor, currency, providerRefundId, saidAt, disputeId } = outside;
  const [inserted] = await tx
    .insert(refunds)
    .values({
      id,
      orderId: order.id,
      kind,
      amountMinor,
      currency,
      status: 'succeeded',
      hyperswitchRefundId: providerRefundId,
      succeededAt: new Date(),
      ...(disputeId !== undefined && { disputeId }),
      ...(saidAt !== undefined && { providerUpdatedAt: new Date(saidAt) }),
    })
    .returning();
  if (inserted === undefined) throw new Error(`no refund of kind ${kind} was inserted for order ${order.id}`);
  const excessMinor = await holdShares(tx, order, inserted, feePolicy);
  const refund = { ...inserted, excessMinor };
  if (excessMinor > 0) {
    await tx.update(refunds).set({ excessMinor }).where(eq(refunds.id, id));
    const beyond = formatMoney(excessMinor, currency);
    await raiseFlag(
      tx,
      'refunded_beyond_captured',
      refundWorkflowId(id),
      `${beyond} left beyond what was captured`,
    );
  }
  return settleShares(tx, order, refund);
}
