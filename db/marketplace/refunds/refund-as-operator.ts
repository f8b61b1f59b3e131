import { v7 as uuidv7 } from 'uuid';
import type { RefundAsk } from '../../../domain/marketplace/eligibility.ts';
import type { PurchaseRef } from '../../../domain/marketplace/purchase.ts';
import { VezaError } from '../../../domain/errors.ts';
import { withoutEmails } from '../../../domain/kernel/index.ts';
import type { Tx } from '../../client.ts';
import type { Refund } from './schema.ts';
import { type Act, writeAuditLog } from '../../kernel/index.ts';
import { lockNamedPurchase, type Purchases } from '../purchase.ts';
import { writeRefund } from './open.ts';

/**
 * An admin refunds a purchase that is not their own and not their sale: by the same rules as any refund, for a reason
 * that the audit log keeps. Throws `…_not_found`, the purchase's refusals, and then `validation_failed` where there
 * is no reason.
 */
export async function refundAsOperator(
  tx: Tx,
  { of, amount, itemIds, endAccess, ...act }: Act & Omit<RefundAsk, 'caller'> & { of: PurchaseRef },
  purchases: Purchases,
): Promise<Refund> {
  const purchase = await lockNamedPurchase(tx, of, purchases);
  const caller = { userId: act.actor, role: 'admin' } as const;
  const part = {
    ...(amount !== undefined && { amount }),
    ...(itemIds && { itemIds }),
    ...(endAccess && { endAccess }),
  };
  const decision = await purchase.decideRefund(tx, { caller, ...part });
  if ('refusal' in decision) throw VezaError.from(decision.refusal);
  const reason = act.reason?.trim();
  if (!reason) {
    throw new VezaError(
      'validation_failed',
      `Say why: you neither bought nor sold on this ${of.kind}, and the reason is kept in the audit log.`,
      { field: 'reason' },
    );
  }
  const { plan } = decision;
  const refund = await writeRefund(tx, purchase, plan, {
    refundId: uuidv7(),
    reason: withoutEmails(reason),
    requestedBy: act.actor,
  });
  await writeAuditLog(tx, act, {
    action: `${of.kind}.refund`,
    subject: purchase.workflowId,
    before: { status: purchase.status },
    after: { refundId: refund.id, amountMinor: plan.amountMinor, currency: purchase.currency, ...part },
  });
  return refund;
}
