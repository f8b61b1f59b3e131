import { eq } from 'drizzle-orm';
import {
  orders,
  refunds,
  sellerTransfers,
  transferReversals,
  refundLabel,
  reversalLabel,
  transferLabel,
} from '../../db/marketplace/index.ts';
import { sellerPayouts, payoutLabel } from '../../db/payouts/index.ts';
import type { ReconcileDeps } from './deps.ts';
import { left, type Seen, synced } from './looks.ts';

/** Looks at an open row whose workflow may be lost, by the workflow's id: `transfer/…`. Starts a lost one again. */
export async function lookAtWork({ db, engine }: ReconcileDeps, workflowId: string): Promise<Seen> {
  if (await engine.isRunning(workflowId)) return left('workflow_running');
  // The row is read after the workflow: one that has just ended has also ended its row.
  const [kind, id = ''] = workflowId.split('/');
  switch (kind) {
    case 'order': {
      const [row] = await db.select().from(orders).where(eq(orders.id, id));
      if (row?.status !== 'pending') return left('ended');
      await engine.startOrder(id, { amountMinor: row.totalMinor, currency: row.currency });
      return restarted(workflowId, row);
    }
    case 'refund': {
      const [row] = await db.select().from(refunds).where(eq(refunds.id, id));
      if (row?.status !== 'pending') return left('ended');
      await engine.startRefund(id, refundLabel(row));
      return restarted(workflowId, row);
    }
    case 'transfer': {
      const [row] = await db.select().from(sellerTransfers).where(eq(sellerTransfers.id, id));
      if (row?.status !== 'pending' && row?.status !== 'failed') return left('ended');
      await engine.startTransfer(transferLabel(row));
      return restarted(workflowId, row);
    }
    case 'reversal': {
      const [row] = await db
        .select({ reversal: transferReversals, transfer: sellerTransfers })
        .from(transferReversals)
        .innerJoin(sellerTransfers, eq(sellerTransfers.id, transferReversals.transferId))
        .where(eq(transferReversals.id, id));
      if (row?.reversal.status !== 'pending') return left('ended');
      await engine.startReversal(reversalLabel(row.transfer, row.reversal));
      return restarted(workflowId, row.reversal);
    }
    case 'payout': {
      const [row] = await db.select().from(sellerPayouts).where(eq(sellerPayouts.id, id));
      if (row?.status !== 'pending') return left('ended');
      await engine.startPayout(payoutLabel(row));
      return restarted(workflowId, row);
    }
    default:
      throw new Error(`no open row has the workflow ${workflowId}`);
  }
}

const restarted = (workflowId: string, { createdAt }: { readonly createdAt: Date }): Seen =>
  synced('restarted', { createdAt, workflowId });
