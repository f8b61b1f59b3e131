import { MissingRow, raiseFlag } from '../../db/kernel/index.ts';
import { findPayment, isPhantomNow, readSubscriptionLabel } from '../../db/subscriptions/index.ts';
import { subscriptionWorkflowId } from '../../domain/subscriptions/index.ts';
import { paymentEvent } from '../../providers/webhooks/as-event.ts';
import type { ReconcileDeps } from './deps.ts';
import { left, type Seen, synced, told, unreadable } from './looks.ts';

/** Looks at an attempt that has been under way for long: reads its payment, and dispatches what its webhook would have said. */
export async function lookAtAttempt(deps: ReconcileDeps, attemptId: string): Promise<Seen> {
  const found = await findPayment(deps.db, attemptId);
  if (found?.kind !== 'attempt' || found.attempt.status !== 'pending') return left('ended');
  const { createdAt } = found.attempt;
  const read = await deps.psp.readPayment(attemptId);
  if (read.kind === 'not_found') return left('unknown_to_the_psp', { createdAt });
  if (read.kind !== 'payment') return { ...(await unreadable(deps, read)), createdAt };
  const { status } = read.payment;
  return told(await deps.inbox.dispatch(paymentEvent(read.payment)), { providerStatus: status, createdAt });
}

/**
 * Looks at a subscription that is due, by its workflow's id: starts or wakes the workflow, which leaves what is not due.
 * One that is in force without a payment, and not only late, is flagged too.
 */
export async function lookAtSubscription(
  { db, engine, settings }: ReconcileDeps,
  workflowId: string,
): Promise<Seen> {
  const id = workflowId.slice(subscriptionWorkflowId('').length);
  const label = await readSubscriptionLabel(db, id);
  if (label === undefined) return left('ended');
  const isPhantom = await isPhantomNow(db, id, settings.reconcile.billing).catch((error: unknown) => {
    if (error instanceof MissingRow) return false;
    throw error;
  });
  if (isPhantom) {
    const detail = `It is ${label.status}, and no payment carries it: nobody has its features by it`;
    await raiseFlag(db, 'phantom', workflowId, detail);
  }
  await engine.wakeSubscription(label);
  return synced('woken', { workflowId });
}
