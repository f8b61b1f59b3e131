import { and, eq } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { APPROVAL_VALID_MS } from '../../domain/approvals/four-eyes.ts';
import type { Tx } from '../client.ts';
import { type Approval, approvals } from './schema.ts';
import { transitionApproval } from './transition.ts';
import { readUserRole } from '../accounts/index.ts';
import { type Act, audit } from '../kernel/index.ts';

export interface ApprovalAsk extends Act {
  /** Both null: it names no money. */
  readonly amountMinor: number | null;
  readonly currency: string | null;
  readonly action: string;
  readonly subject: string;
  readonly seen: string;
  readonly params: unknown;
  readonly reason: string;
}

/**
 * Keeps an action for a second admin. What waits already for the same is what is answered; it gives way to a new one
 * where what it is about has changed meanwhile, its time is over, or whoever asked is no admin any more.
 */
export async function requestApproval(
  tx: Tx,
  { action, subject, seen, params, amountMinor, currency, ...act }: ApprovalAsk,
): Promise<Approval> {
  const waiting = await lockPendingApproval(tx, action, subject);
  if (waiting !== null) {
    if (waiting.seen === seen && (await mayBeAgreedTo(tx, waiting))) return waiting;
    await transitionApproval(tx, waiting, 'expired', { note: 'Asked for anew.' });
  }
  const [asked] = await tx
    .insert(approvals)
    .values({
      id: uuidv7(),
      action,
      subject,
      seen,
      params,
      amountMinor,
      currency,
      reason: act.reason,
      requestedBy: act.actor,
      expiresAt: new Date(Date.now() + APPROVAL_VALID_MS),
    })
    .onConflictDoNothing()
    .returning();
  // Two at once: the other's has been committed by now.
  const approval = asked ?? (await lockPendingApproval(tx, action, subject));
  if (approval === null) throw new Error(`no approval of ${action} on ${subject} was kept`);
  if (asked !== undefined) {
    const after = { approvalId: asked.id, amountMinor, currency };
    await audit(tx, act, { action: `approval.request ${action}`, subject, before: null, after });
  }
  return approval;
}

const mayBeAgreedTo = async (tx: Tx, { expiresAt, requestedBy }: Approval): Promise<boolean> =>
  expiresAt.getTime() > Date.now() && (await readUserRole(tx, requestedBy)) === 'admin';

/** What waits for a second admin already; whoever may ask anew locks it before the rows that it is about. */
export async function lockPendingApproval(tx: Tx, action: string, subject: string): Promise<Approval | null> {
  const [row] = await tx
    .select()
    .from(approvals)
    .where(and(eq(approvals.action, action), eq(approvals.subject, subject), eq(approvals.status, 'pending')))
    .for('no key update');
  return row ?? null;
}
