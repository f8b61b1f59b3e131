import { and, asc, eq, gt } from 'drizzle-orm';
import type { Tx } from '../../client.ts';
import { transferReversals } from '../transfers/schema.ts';

/**
 * Takes up to `amountMinor` of what others' reversals of a transfer have left in suspense, oldest first, and returns
 * how much it took. The transfer must be locked; the caller posts.
 */
export async function claimSuspense(tx: Tx, transferId: string, amountMinor: number): Promise<number> {
  const outside = await tx
    .select()
    .from(transferReversals)
    .where(and(eq(transferReversals.transferId, transferId), gt(transferReversals.suspenseMinor, 0)))
    .orderBy(asc(transferReversals.createdAt), asc(transferReversals.id))
    .for('no key update');
  let claimedMinor = 0;
  for (const row of outside) {
    const byMinor = Math.min(row.suspenseMinor, amountMinor - claimedMinor);
    if (byMinor === 0) break;
    claimedMinor += byMinor;
    await tx
      .update(transferReversals)
      .set({ suspenseMinor: row.suspenseMinor - byMinor })
      .where(eq(transferReversals.id, row.id));
  }
  return claimedMinor;
}
