import type { PaymentRef } from '../../../domain/marketplace/purchase.ts';
import type { Db } from '../../client.ts';
import type { SettledRefund } from '../labels.ts';
import { lockPurchase, type Purchases } from '../purchase.ts';

/** The PSP says that it cancelled a payment after its capture: what that gave back is booked. Null where nothing was left. */
export async function settleCancelledPayment(
  db: Db,
  of: PaymentRef,
  purchases: Purchases,
): Promise<SettledRefund | null> {
  return db.transaction(async (tx) => (await lockPurchase(tx, of, purchases)).settleCancelled(tx));
}
