import { sql } from 'drizzle-orm';
import {
  orderWorkflowId,
  refundWorkflowId,
  reversalWorkflowId,
  transferWorkflowId,
} from '../../domain/marketplace/index.ts';
import { subscriptionWorkflowId } from '../../domain/subscriptions/index.ts';
import { payoutWorkflowId } from '../../domain/payouts/index.ts';
import type { Db, Tx } from '../client.ts';
import {
  CURRENT_REVERSALS,
  CURRENT_TRANSFERS,
  type Invariant,
  type Violation,
  violations,
} from './invariant.ts';

/** The only question that the check of the books asks Temporal. */
export interface Workflows {
  isRunning(workflowId: string): Promise<boolean>;
}

export const openRows: Invariant = {
  number: 5,
  title:
    'no open row without next_retry_at where its machine wants one, nor open for over a minute without a running workflow',
  check(tx) {
    return violations(
      tx,
      sql`
      SELECT 'transfer/' || id AS subject, format('it is %s and has no next_retry_at', status) AS detail
      FROM ${CURRENT_TRANSFERS} AS transfer
      WHERE status IN ('failed', 'reversal_pending') AND next_retry_at IS NULL
      UNION ALL
      SELECT 'reversal/' || id, 'it is pending and has no next_retry_at'
      FROM ${CURRENT_REVERSALS} AS reversal
      WHERE status = 'pending' AND next_retry_at IS NULL
      UNION ALL
      SELECT 'transfer/' || transfer.id, 'it is reversal_pending and no reversal of it is open: nothing will move it'
      FROM ${CURRENT_TRANSFERS} AS transfer
      WHERE transfer.status = 'reversal_pending' AND NOT EXISTS (
        SELECT 1 FROM ${CURRENT_REVERSALS} AS reversal
        WHERE reversal.transfer_id = transfer.id AND reversal.status = 'pending')`,
    );
  },
};

const WORKFLOW_ID = {
  order: orderWorkflowId,
  refund: refundWorkflowId,
  transfer: transferWorkflowId,
  reversal: reversalWorkflowId,
  payout: payoutWorkflowId,
  subscription: subscriptionWorkflowId,
} as const;

export interface OpenRow {
  readonly kind: keyof typeof WORKFLOW_ID;
  readonly id: string;
  readonly status: string;
}

const OPEN = sql`
  SELECT 'order' AS kind, id, status, created_at FROM orders WHERE status = 'pending'
  UNION ALL
  SELECT 'refund', id, status, created_at FROM refunds WHERE status = 'pending'
  UNION ALL
  SELECT 'transfer', id, status, created_at FROM ${CURRENT_TRANSFERS} AS transfer WHERE status IN ('pending', 'failed')
  UNION ALL
  SELECT 'reversal', id, status, created_at FROM ${CURRENT_REVERSALS} AS reversal WHERE status = 'pending'
  UNION ALL
  SELECT 'payout', id, status, created_at FROM seller_payouts WHERE status = 'pending'
  UNION ALL
  SELECT 'subscription', invoice.subscription_id, 'waiting for attempt ' || attempt.id, attempt.created_at
  FROM invoice_payments AS attempt JOIN invoices AS invoice ON invoice.id = attempt.invoice_id
  WHERE attempt.status = 'pending'`;

/** Open rows that must have a workflow by now. */
export async function readOpenRows(db: Db | Tx): Promise<OpenRow[]> {
  const rows = await db.execute<{ kind: OpenRow['kind']; id: string; status: string }>(sql`
    SELECT kind, id, status FROM (${OPEN}) AS open WHERE created_at < now() - interval '1 minute' ORDER BY created_at`);
  return rows.map(({ kind, id, status }) => ({ kind, id, status }));
}

/** Open rows that no workflow moves. Asks Temporal, a few at a time, outside of any transaction. */
export async function findAbandoned(
  db: Db,
  open: readonly OpenRow[],
  workflows: Workflows,
): Promise<Violation[]> {
  const suspects: OpenRow[] = [];
  const asking = open.values();
  const ask = async () => {
    for (const row of asking) {
      if (!(await workflows.isRunning(WORKFLOW_ID[row.kind](row.id)))) suspects.push(row);
    }
  };
  await Promise.all(Array.from({ length: QUESTIONS_AT_A_TIME }, ask));
  if (suspects.length === 0) return [];
  // A workflow may have ended its row, and itself, since the row was read.
  const still = new Map((await readOpenRows(db)).map((row) => [row.id, row]));
  return suspects.flatMap(({ kind, id }) => {
    const row = still.get(id);
    if (row === undefined) return [];
    return [
      { subject: WORKFLOW_ID[kind](id), detail: `it is ${row.status} and no workflow of it is running` },
    ];
  });
}

const QUESTIONS_AT_A_TIME = 10;
