import { eq } from 'drizzle-orm';
import { orders, releasePayment, watchedSince } from '../../db/marketplace/index.ts';
import { findPayment, releaseAttempt } from '../../db/subscriptions/index.ts';
import { paymentVerdict } from '../../providers/hyperswitch/verdicts.ts';
import type { ReconcileDeps } from './deps.ts';
import { left, type Seen, told, unreadable } from './looks.ts';
import { paymentEvent } from '../../providers/webhooks/as-event.ts';

/** How a sweep names an attempt to pay an invoice; an order has its id alone. */
const ATTEMPT = 'attempt/';

interface Gap {
  readonly gapMs: number;
}

/**
 * Looks at a failed order, or a failed attempt to pay an invoice, whose payment was not known to be dead: the dispatcher gets a
 * capture after all, so that it is given back. Looked at until its time is over, or until the PSP surely never had the payment.
 */
export const lookAtEnded = (deps: ReconcileDeps, ref: string, gap: Gap): Promise<Seen> =>
  ref.startsWith(ATTEMPT)
    ? lookAtEndedAttempt(deps, ref.slice(ATTEMPT.length), gap)
    : lookAtEndedOrder(deps, ref, gap);

async function lookAtEndedOrder(deps: ReconcileDeps, orderId: string, gap: Gap): Promise<Seen> {
  const { db } = deps;
  const [order] = await db.select().from(orders).where(eq(orders.id, orderId));
  if (!order?.paymentWatchedUntil || order.paymentId === null) return left('ended');
  const { createdAt, paymentId, paymentWatchedUntil: until } = order;
  return lookAtPayment(
    deps,
    { paymentId, createdAt, until, release: () => releasePayment(db, orderId) },
    gap,
  );
}

async function lookAtEndedAttempt(deps: ReconcileDeps, paymentId: string, gap: Gap): Promise<Seen> {
  const { db } = deps;
  const found = await findPayment(db, paymentId);
  if (found?.kind !== 'attempt' || !found.attempt.watchedUntil) return left('ended');
  const { createdAt, watchedUntil: until } = found.attempt;
  return lookAtPayment(
    deps,
    { paymentId, createdAt, until, release: () => releaseAttempt(db, paymentId) },
    gap,
  );
}

interface WatchedPayment {
  readonly paymentId: string;
  readonly createdAt: Date;
  readonly until: Date;
  /** It need not be looked at any more. */
  release(): Promise<void>;
}

async function lookAtPayment(
  deps: ReconcileDeps,
  { paymentId, createdAt, until, release }: WatchedPayment,
  { gapMs }: Gap,
): Promise<Seen> {
  const found = await deps.psp.readPayment(paymentId);
  if (found.kind === 'not_found') {
    // By then a call that was under way when it failed has arrived, or never will.
    const isBelieved = Date.now() - watchedSince(until).getTime() > gapMs;
    if (isBelieved) await release();
    return left(isBelieved ? 'never_created' : 'unknown_to_the_psp', { createdAt });
  }
  if (found.kind !== 'payment') return { ...(await unreadable(deps, found)), createdAt };
  const about = { providerStatus: found.payment.status, createdAt };
  const verdict = paymentVerdict(found.payment.status);
  if (verdict === 'succeeded' || verdict === 'partially_captured') {
    return told(await deps.inbox.dispatch(paymentEvent(found.payment)), about);
  }
  if (until.getTime() < Date.now()) await release();
  return left(`psp_says_${found.payment.status}`, about);
}
