import { and, eq } from 'drizzle-orm';
import { refundWorkflowId } from '../../../domain/marketplace/ids.ts';
import type { Db, Tx } from '../../client.ts';
import { opsFlags } from '../../kernel/index.ts';

/**
 * Whether a pending refund is held: the PSP did something that the books cannot hold. Its flag says so, even a
 * cleared one.
 */
export async function isHeldRefund(db: Db | Tx, refundId: string): Promise<boolean> {
  const [flag] = await db
    .select({ id: opsFlags.id })
    .from(opsFlags)
    .where(and(eq(opsFlags.subject, refundWorkflowId(refundId)), eq(opsFlags.kind, 'amount_differs')))
    .limit(1);
  return flag !== undefined;
}
