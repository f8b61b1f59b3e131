import { and, eq, gt, lte, or, sql } from 'drizzle-orm';
import type { ApprovalStatus } from '../../domain/approvals/approval-machine.ts';
import type { Db } from '../client.ts';
import { type Approval, approvals } from './schema.ts';
import { keyset, type Page, type PageAsk, toPage } from '../kernel/index.ts';

export async function readApproval(db: Db, approvalId: string): Promise<Approval | null> {
  const [row] = await db.select().from(approvals).where(eq(approvals.id, approvalId));
  return row ?? null;
}

/** An approval whose time is over counts as expired, even before its row says so. */
export async function listApprovals(
  db: Db,
  {
    status,
    subject,
  }: { readonly status?: ApprovalStatus | undefined; readonly subject?: string | undefined },
  ask: PageAsk,
): Promise<Page<Approval>> {
  const { after, orderBy, limit } = keyset(approvals, approvals.requestedAt, approvals.id, ask);
  const rows = await db
    .select()
    .from(approvals)
    .where(
      and(
        status === undefined ? undefined : standsAs(status),
        subject === undefined ? undefined : eq(approvals.subject, subject),
        after,
      ),
    )
    .orderBy(...orderBy)
    .limit(limit);
  const nowMs = Date.now();
  return toPage(
    rows.map((row) =>
      row.status === 'pending' && row.expiresAt.getTime() <= nowMs ? { ...row, status: 'expired' } : row,
    ),
    ask,
  );
}

function standsAs(status: ApprovalStatus) {
  const is = eq(approvals.status, status);
  if (status === 'pending') return and(is, gt(approvals.expiresAt, sql`now()`));
  if (status !== 'expired') return is;
  return or(is, and(eq(approvals.status, 'pending'), lte(approvals.expiresAt, sql`now()`)));
}
