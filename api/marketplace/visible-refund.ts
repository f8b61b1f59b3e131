import type { Db } from '../../db/client.ts';
import { readRefundWithParties } from '../../db/marketplace/refunds/list.ts';
import type { RefundOfOrder } from '../../db/marketplace/refunds/schema.ts';
import { maySee } from '../../domain/marketplace/eligibility.ts';
import type { Caller } from '../../domain/accounts/index.ts';
import { VezaError } from '../../domain/errors.ts';

/** A refund of an order that the caller may know of. Throws `refund_not_found`, also where it exists and they may not. */
export async function readVisibleRefund(db: Db, refundId: string, caller: Caller): Promise<RefundOfOrder> {
  const found = await readRefundWithParties(db, refundId);
  if (found === null || !maySee(found, caller)) {
    throw new VezaError('refund_not_found', `There is no refund ${refundId}.`);
  }
  return found.refund;
}
