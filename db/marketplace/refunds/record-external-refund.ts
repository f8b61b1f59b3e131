import { eq, or, sql } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { isUuid, formatMoney } from '../../../domain/kernel/index.ts';
import { refundWorkflowId } from '../../../domain/marketplace/ids.ts';
import type { RefundKind } from '../../../domain/marketplace/refund-machine.ts';
import type { PaymentReport } from '../../../domain/marketplace/messages.ts';
import type { PaymentRef } from '../../../domain/marketplace/purchase.ts';
import type { Db, Tx } from '../../client.ts';
import { refunds } from './schema.ts';
import { findUnstarted } from '../find-unstarted.ts';
import { findGiveBack } from './find-give-back.ts';
import type { GiveBackWork, SettledRefund } from '../labels.ts';
import { columnsOf, lockPurchase, type Purchase, type Purchases } from '../purchase.ts';
import { raiseFlag } from '../../kernel/index.ts';

/** A refund that we did not ask for, as the PSP reports it. Minor units. */
export interface OutsideRefund {
  /**
   * The PSP's id; unique over all refunds, so that each is booked once. NULL for a lost dispute, which has no refund.
   */
  readonly providerRefundId: string | null;
  readonly amountMinor: number;
  readonly currency: string;
  /** When the PSP last changed the refund, where it said so. */
  readonly saidAt?: string;
  /** The lost dispute that took the money. */
  readonly disputeId?: string;
}

export interface RecordedRefund extends SettledRefund {
  /**
   * The purchase failed and we know of no payment, so nothing was booked: the payment has to be read at the PSP
   * first.
   */
  readonly wantsPayment?: true;
  /** The give-back of the rest of a payment that was never reported to us. */
  readonly giveBack?: GiveBackWork;
}

/**
 * A refund made in the PSP's dashboard, of the payment that `of` names: booked and settled like ours, once for each of
 * the PSP's ids. `payment`: what
 * the PSP says of a payment that a failed purchase does not know; null where it was not captured.
 */
export async function recordExternalRefund(
  db: Db,
  of: PaymentRef,
  outside: OutsideRefund & { readonly providerRefundId: string },
  purchases: Purchases,
  payment?: PaymentReport | null,
): Promise<RecordedRefund> {
  return db.transaction(async (tx) => {
    const purchase = await lockPurchase(tx, of, purchases);
    const [known] = await tx.select({ id: refunds.id }).from(refunds).where(isOfId(outside.providerRefundId));
    if (known)
      return { ...(await findUnstarted(tx, [known.id])), ...asGiveBack(await findGiveBack(tx, purchase)) };
    const { isUnpaid } = purchase;
    if (isUnpaid && payment === undefined) return { reversals: [], transfers: [], wantsPayment: true };
    const late = isUnpaid && payment ? await purchase.takeLate(tx, payment, outside) : null;
    if (late === null) return settleOutside(tx, purchase, 'external', outside);
    return { ...(await settleOutside(tx, late.purchase, 'external', outside)), ...asGiveBack(late.work) };
  });
}

/** Also our own refund, when we do not know yet that the PSP has it: its own workflow settles it. */
const isOfId = (providerRefundId: string) =>
  isUuid(providerRefundId)
    ? or(eq(refunds.hyperswitchRefundId, providerRefundId), eq(refunds.id, providerRefundId))
    : eq(refunds.hyperswitchRefundId, providerRefundId);

const asGiveBack = (work: GiveBackWork | null) => (work === null ? {} : { giveBack: work });

/** Books money that has left: the refund is `succeeded` from the start, since nobody has to be asked. */
export async function settleOutside(
  tx: Tx,
  purchase: Purchase,
  kind: Extract<RefundKind, 'external' | 'dispute'>,
  outside: OutsideRefund,
): Promise<SettledRefund> {
  const isBookable = purchase.capturedCurrency === outside.currency && outside.amountMinor > 0;
  if (purchase.capturedMinor === null || !isBookable) {
    // An order's books cannot hold another currency, nor a refund of nothing; people decide what this was.
    const said = formatMoney(outside.amountMinor, outside.currency);
    await raiseFlag(tx, 'outside_refund_unbooked', purchase.workflowId, `${said} left the PSP (${kind})`);
    return { reversals: [], transfers: [] };
  }
  const id = uuidv7();
  const { amountMinor, currency, providerRefundId, saidAt, disputeId } = outside;
  const [inserted] = await tx
    .insert(refunds)
    .values({
      id,
      ...columnsOf(purchase),
      kind,
      amountMinor,
      currency,
      status: 'succeeded',
      hyperswitchRefundId: providerRefundId,
      succeededAt: sql`clock_timestamp()`,
      ...(disputeId !== undefined && { disputeId }),
      ...(saidAt !== undefined && { providerUpdatedAt: new Date(saidAt) }),
    })
    .returning();
  if (inserted === undefined)
    throw new Error(`no refund of kind ${kind} was inserted for ${purchase.workflowId}`);
  const excessMinor = await purchase.hold(tx, inserted);
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
  return purchase.settle(tx, refund);
}
