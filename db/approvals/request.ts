import { and, eq } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { APPROVAL_VALID_MS } from '../../domain/approvals/four-eyes.ts';
import { withoutEmails } from '../../domain/kernel/index.ts';
import type { Tx } from '../client.ts';
import { type Approval, approvals } from './schema.ts';
import { transitionApproval } from './transition.ts';
import { readUserRole } from '../accounts/index.ts';
import { type Act, writeAuditLog } from '../kernel/index.ts';

export interface ApprovalAsk extends Act {
  /** Both null: the action names no money. */
  readonly amountMinor: number | null;
  readonly currency: string | null;
  readonly action: string;
  readonly subject: string;
  readonly seen: string;
  readonly params: unknown;
  readonly reason: string;
}

/**
 * Keeps an action for a second admin. Where the same action waits already, returns that approval. A new one replaces
 * it where its subject has changed, its time is over, or the one who asked is no admin any more.
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
      reason: withoutEmails(act.reason),
      requestedBy: act.actor,
      expiresAt: new Date(Date.now() + APPROVAL_VALID_MS),
    })
    .onConflictDoNothing()
    .returning();
  // Two asked at once: the other's approval has been committed by now.
  const approval = asked ?? (await lockPendingApproval(tx, action, subject));
  if (approval === null) throw new Error(`no approval of ${action} on ${subject} was kept`);
  if (asked !== undefined) {
    const after = { approvalId: asked.id, amountMinor, currency };
    await writeAuditLog(tx, act, { action: `approval.request ${action}`, subject, before: null, after });
  }
  return approval;
}

const mayBeAgreedTo = async (tx: Tx, { expiresAt, requestedBy }: Approval): Promise<boolean> =>
  expiresAt.getTime() > Date.now() && (await readUserRole(tx, requestedBy)) === 'admin';

/** The approval that waits already. Callers that may ask anew lock it before the rows of its subject. */
export async function lockPendingApproval(tx: Tx, action: string, subject: string): Promise<Approval | null> {
  const [row] = await tx
    .select()
    .from(approvals)
    .where(and(eq(approvals.action, action), eq(approvals.subject, subject), eq(approvals.status, 'pending')))
    .for('no key update');
  return row ?? null;
}
