import { eq } from 'drizzle-orm';
import { orders, releasePayment, watchedSince } from '../../db/marketplace/index.ts';
import { paymentVerdict } from '../../providers/hyperswitch/verdicts.ts';
import type { ReconcileDeps } from './deps.ts';
import { left, type Seen, told, unreadable } from './looks.ts';
import { paymentEvent } from '../../providers/webhooks/as-event.ts';

/**
 * Looks at a failed order whose payment was not known to be dead: the dispatcher gets a capture after all, so that it
 * is given back. Looked at until its time is over, or until the PSP surely never had the payment.
 */
export async function lookAtEndedOrder(
  deps: ReconcileDeps,
  orderId: string,
  { gapMs }: { readonly gapMs: number },
): Promise<Seen> {
  const { db, psp, inbox } = deps;
  const [order] = await db.select().from(orders).where(eq(orders.id, orderId));
  if (!order?.paymentWatchedUntil || order.paymentId === null) return left('ended');
  const { createdAt, paymentWatchedUntil } = order;
  const found = await psp.readPayment(order.paymentId);
  if (found.kind === 'not_found') {
    // By then a call that was under way when the order failed has arrived, or never will.
    const isBelieved = Date.now() - watchedSince(paymentWatchedUntil).getTime() > gapMs;
    if (isBelieved) await releasePayment(db, orderId);
    return left(isBelieved ? 'never_created' : 'unknown_to_the_psp', { createdAt });
  }
  if (found.kind !== 'payment') return { ...(await unreadable(deps, found)), createdAt };
  const about = { providerStatus: found.payment.status, createdAt };
  const verdict = paymentVerdict(found.payment.status);
  if (verdict === 'succeeded' || verdict === 'partially_captured') {
    return told(await inbox.dispatch(paymentEvent(found.payment)), about);
  }
  if (paymentWatchedUntil.getTime() < Date.now()) await releasePayment(db, orderId);
  return left(`psp_says_${found.payment.status}`, about);
}
