import type { Db } from '../../db/client.ts';
import type { Purchases } from '../../db/marketplace/purchase.ts';
import { readRefundWithParties } from '../../db/marketplace/refunds/list.ts';
import { isOfOrder, type Refund } from '../../db/marketplace/refunds/schema.ts';
import { maySee } from '../../domain/marketplace/eligibility.ts';
import type { Caller } from '../../domain/accounts/index.ts';
import { VezaError } from '../../domain/errors.ts';

/** A refund that the caller may know of. Throws `refund_not_found`, also where it exists and they may not. */
export async function readVisibleRefund(
  { db, purchases }: { readonly db: Db; readonly purchases: Purchases },
  refundId: string,
  caller: Caller,
): Promise<Refund> {
  const found = await readRefundWithParties(db, refundId, purchases);
  if (found === null || !may(found, caller)) {
    throw new VezaError('refund_not_found', `There is no refund ${refundId}.`);
  }
  return found.refund;
}

/** What a person pays the platform for is between the two: moderators look at what is sold. */
const may = (
  { refund, buyerId, items }: NonNullable<Awaited<ReturnType<typeof readRefundWithParties>>>,
  caller: Caller,
): boolean =>
  isOfOrder(refund) && buyerId !== null
    ? maySee({ buyerId, items }, caller)
    : caller.role === 'admin' || caller.userId === buyerId;
