import { v7 as uuidv7 } from 'uuid';
import { decideRefund, type RefundAsk } from '../../../domain/marketplace/eligibility.ts';
import { VezaError } from '../../../domain/errors.ts';
import { orderWorkflowId } from '../../../domain/marketplace/ids.ts';
import type { FeePolicy } from '../../../domain/marketplace/shares.ts';
import type { Tx } from '../../client.ts';
import type { Refund } from '../refunds/schema.ts';
import { readRefundableOrder } from './refundable-order.ts';
import { type Act, audit, lockNamed } from '../../kernel/index.ts';
import { lockOrder } from '../lock.ts';
import { writeRefund } from '../refunds/open.ts';

/**
 * An admin refunds an order on which they neither bought nor sold: opened by the same rules as any refund, for a reason
 * that the audit log keeps. Throws `order_not_found`, `validation_failed` where nobody said why, and the refusals of
 * `decideRefund`, which come first.
 */
export async function refundAsOperator(
  tx: Tx,
  { orderId, amount, itemIds, ...act }: Act & Pick<RefundAsk, 'amount' | 'itemIds'> & { orderId: string },
  feePolicy: FeePolicy,
): Promise<Refund> {
  const order = await lockNamed(tx, 'order', orderId, lockOrder);
  const snapshot = await readRefundableOrder(tx, orderId);
  if (snapshot === null) throw new VezaError('order_not_found', `There is no order ${orderId}.`);
  const caller = { userId: act.actor, role: 'admin' } as const;
  const part = { ...(amount !== undefined && { amount }), ...(itemIds && { itemIds }) };
  const decision = decideRefund(snapshot, { caller, ...part }, Date.now(), feePolicy);
  if ('refusal' in decision) throw VezaError.from(decision.refusal);
  const reason = act.reason?.trim();
  if (!reason) {
    throw new VezaError(
      'validation_failed',
      'Say why: you neither bought nor sold on this order, and the reason is kept in the audit log.',
      { field: 'reason' },
    );
  }
  const { plan } = decision;
  const refund = await writeRefund(tx, order, plan, { refundId: uuidv7(), reason, requestedBy: act.actor });
  await audit(tx, act, {
    action: 'order.refund',
    subject: orderWorkflowId(orderId),
    before: { status: order.status },
    after: { refundId: refund.id, amountMinor: plan.amountMinor, currency: order.currency, ...part },
  });
  return refund;
}
