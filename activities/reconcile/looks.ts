import { eq } from 'drizzle-orm';
import {
  orders,
  refunds,
  adoptProviderRefund,
  forgetMissedOrphan,
  missOrphan,
  refundLabel,
} from '../../db/marketplace/index.ts';
import { raiseFlag } from '../../db/kernel/index.ts';
import { VezaError } from '../../domain/errors.ts';
import { refundWorkflowId } from '../../domain/marketplace/index.ts';
import type { Look } from '../../domain/reconcile/reconcile.ts';
import type { PspFailure } from '../../providers/hyperswitch/outcomes.ts';
import type { Told } from '../webhooks/index.ts';
import type { ReconcileDeps } from './deps.ts';
import { refundEvent, paymentEvent } from '../../providers/webhooks/as-event.ts';

/** A look, with more fields for the log. */
export interface Seen extends Look {
  readonly providerStatus?: string;
  readonly createdAt?: Date;
  /** The workflow that was notified or started. */
  readonly workflowId?: string;
}

export const left = (why: string, about: Omit<Seen, keyof Look> = {}): Seen => ({
  what: 'left',
  why,
  ...about,
});
export const synced = (why: string, about: Omit<Seen, keyof Look> = {}): Seen => ({
  what: 'synced',
  why,
  ...about,
});

export const isEngineAway = (error: unknown): boolean =>
  error instanceof VezaError && error.code === 'engine_unavailable';

/** Looks at a stuck order: reads the payment, and dispatches what its webhook would have said. */
export async function lookAtOrder(deps: ReconcileDeps, orderId: string): Promise<Seen> {
  const [order] = await deps.db.select().from(orders).where(eq(orders.id, orderId));
  if (order === undefined || order.status !== 'pending') return left('ended');
  const { paymentId, createdAt } = order;
  if (paymentId === null) return left('no_payment', { createdAt });
  const found = await deps.psp.readPayment(paymentId);
  if (found.kind === 'not_found') return left('unknown_to_the_psp', { createdAt });
  if (found.kind !== 'payment') return { ...(await unreadable(deps, found)), createdAt };
  const { status, manualRetryAllowed } = found.payment;
  // Declined, and the buyer may still use another card: the workflow waits for that.
  if (manualRetryAllowed === true) return left('may_be_tried_again', { providerStatus: status, createdAt });
  return told(await deps.inbox.dispatch(paymentEvent(found.payment)), { providerStatus: status, createdAt });
}

/** Looks at a stuck refund that the PSP has, in the same way. */
export async function lookAtRefund(deps: ReconcileDeps, refundId: string): Promise<Seen> {
  const [refund] = await deps.db.select().from(refunds).where(eq(refunds.id, refundId));
  if (refund === undefined || refund.status !== 'pending') return left('ended');
  const { hyperswitchRefundId, createdAt } = refund;
  if (hyperswitchRefundId === null) return left('orphan', { createdAt });
  const found = await deps.psp.readRefund(hyperswitchRefundId);
  if (found.kind === 'not_found') return left('unknown_to_the_psp', { createdAt });
  if (found.kind !== 'refund') return { ...(await unreadable(deps, found)), createdAt };
  const { status } = found.refund;
  return told(await deps.inbox.dispatch(refundEvent(found.refund)), { providerStatus: status, createdAt });
}

/** Looks at a refund that the PSP may never have received. An unknown answer leaves it as it is. */
export async function lookAtOrphan(
  deps: ReconcileDeps,
  refundId: string,
  { gapMs, engineRebuilt }: { readonly gapMs: number; readonly engineRebuilt: boolean },
): Promise<Seen> {
  const { db, engine, psp } = deps;
  const [refund] = await db.select().from(refunds).where(eq(refunds.id, refundId));
  if (refund === undefined || refund.status !== 'pending') return left('ended');
  const { createdAt } = refund;
  if (refund.hyperswitchRefundId !== null) return left('adopted', { createdAt });
  if (engineRebuilt || (await engine.isRunning(refundWorkflowId(refundId)))) {
    await forgetMissedOrphan(db, refundId);
    return left(engineRebuilt ? 'engine_rebuilt' : 'workflow_running', { createdAt });
  }
  const found = await psp.readRefund(refundId);
  if (found.kind === 'refund') {
    await adoptProviderRefund(db, refundId, found.refund.refundId);
    const { status } = found.refund;
    const said = await deps.inbox.dispatch(refundEvent(found.refund));
    return synced(said.outcome === 'signalled' ? 'adopted_and_told' : 'adopted', {
      providerStatus: status,
      createdAt,
      ...whoseOf(said),
    });
  }
  if (found.kind !== 'not_found') return { ...(await unreadable(deps, found)), createdAt };
  const about = { providerStatus: 'not_found', createdAt };
  const missed = await missOrphan(db, refundId, gapMs, deps.purchases);
  if (missed === 'wanted') {
    await engine.startRefund(refundId, refundLabel(refund));
    return synced('restarted', { ...about, workflowId: refundWorkflowId(refundId) });
  }
  return missed === 'failed' ? { what: 'failed', why: 'orphan', ...about } : left(missed, about);
}

export async function lookAtWebhook({ inbox }: ReconcileDeps, webhookId: string): Promise<Seen> {
  const said = await inbox.redrive(webhookId);
  if (said === null) return left('ended');
  return said.outcome === 'unmatched' ? left('unmatched') : synced(said.outcome, whoseOf(said));
}

export const told = (said: Told, about: Omit<Seen, keyof Look>): Seen =>
  said.outcome === 'signalled'
    ? synced('told', { ...about, ...whoseOf(said) })
    : left(`psp_says_${about.providerStatus}`, about);

export const whoseOf = ({ workflowId }: Told) => (workflowId === undefined ? {} : { workflowId });

export async function unreadable({ db }: ReconcileDeps, failure: PspFailure): Promise<Seen> {
  if (failure.kind !== 'unauthorized') return left('psp_unreadable', { providerStatus: failure.kind });
  await raiseFlag(db, 'psp_refuses_our_key', 'hyperswitch', failure.message);
  return left('psp_refuses_our_key');
}
