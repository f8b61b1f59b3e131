import { and, eq } from 'drizzle-orm';
import { refundWorkflowId } from '../../../domain/marketplace/ids.ts';
import type { Db, Tx } from '../../client.ts';
import { opsFlags } from '../../kernel/index.ts';

/** Of a pending refund: the PSP did it as what the books cannot hold. Its flag says so, also once somebody has cleared that. */
export async function isHeldRefund(db: Db | Tx, refundId: string): Promise<boolean> {
  const [flag] = await db
    .select({ id: opsFlags.id })
    .from(opsFlags)
    .where(and(eq(opsFlags.subject, refundWorkflowId(refundId)), eq(opsFlags.kind, 'amount_differs')))
    .limit(1);
  return flag !== undefined;
}
