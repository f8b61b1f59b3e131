import { MissingRow, raiseFlag } from '../../db/kernel/index.ts';
import {
  endDeadSetup,
  findPayment,
  flagUnnamedMoney,
  flagUnreadPayment,
  type FoundPayment,
  isPhantomNow,
  readSubscriptionLabel,
} from '../../db/subscriptions/index.ts';
import { secretLifeSeconds, subscriptionWorkflowId } from '../../domain/subscriptions/index.ts';
import { isRefusedRead, type PspPayment } from '../../providers/hyperswitch/outcomes.ts';
import { paymentEvent } from '../../providers/webhooks/as-event.ts';
import { isUnderWay } from '../marketplace/index.ts';
import type { ReconcileDeps } from './deps.ts';
import { left, type Seen, synced, told, unreadable } from './looks.ts';

/**
 * Looks at an attempt or a set-up payment that has been under way for long: reads it at the PSP, and dispatches what its webhook
 * would have said.
 */
export async function lookAtInvoicePayment(deps: ReconcileDeps, paymentId: string): Promise<Seen> {
  const found = await findPayment(deps.db, paymentId);
  if (found === null || isOver(found)) return left('ended');
  const { createdAt } = found.kind === 'attempt' ? found.attempt : found.setup;
  const read = await deps.psp.readPayment(paymentId);
  if (read.kind !== 'payment' && read.kind !== 'not_found') {
    if (read.kind === 'unknown' && isRefusedRead(read))
      await flagUnreadPayment(deps.db, found.subscriptionId, paymentId, read.reason);
    return { ...(await unreadable(deps, read)), createdAt };
  }
  const providerStatus = read.kind === 'payment' ? read.payment.status : read.kind;
  if (found.kind === 'setup' && (read.kind === 'not_found' || isUnconfirmed(read.payment))) {
    const life = secretLifeSeconds(deps.settings.reconcile.billing);
    if (await endDeadSetup(deps.db, paymentId, life))
      return synced('secret_dead', { providerStatus, createdAt });
  }
  if (read.kind === 'not_found') return left('unknown_to_the_psp', { createdAt });
  return told(await deps.inbox.dispatch(paymentEvent(read.payment)), { providerStatus, createdAt });
}

const isOver = (found: FoundPayment): boolean =>
  found.kind === 'attempt' ? found.attempt.status !== 'pending' : found.setup.endedAt !== null;

/** Its buyer would have to do something more, by a secret: also give another card for one that was declined. */
const isUnconfirmed = ({ status, manualRetryAllowed }: PspPayment): boolean =>
  (status === 'failed' && manualRetryAllowed === true) ||
  (status.startsWith('requires_') && !isUnderWay(status));

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
  if (isPhantom && !(await flagUnnamedMoney(db, id))) {
    const detail = `It is ${label.status}, and no payment carries it: nobody has its features by it`;
    await raiseFlag(db, 'phantom', workflowId, detail);
  }
  await engine.wakeSubscription(label);
  return synced('woken', { workflowId });
}
