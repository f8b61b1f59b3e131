import { eq, lt, sql } from 'drizzle-orm';
import type { Db, Tx } from '../client.ts';
import { refundReasons } from '../schema/index.ts';

/** A workflow that never started leaves the words behind; whoever repeats the call gives them again. */
const KEPT_DAYS = 30;

/** Keeps what a buyer typed beside the call to the engine, so that no history tells it. Before the call: see `take`. */
export async function keepRefundReason(db: Db, refundId: string, reason: string): Promise<void> {
  await db.transaction(async (tx) => {
    await tx
      .delete(refundReasons)
      .where(lt(refundReasons.createdAt, sql`now() - make_interval(days => ${KEPT_DAYS})`));
    await tx.insert(refundReasons).values({ refundId, reason }).onConflictDoNothing();
  });
}

/** The words for the refund that is opened in this transaction, or refused in it: then they go with the refusal. */
export async function takeRefundReason(tx: Tx, refundId: string): Promise<string | null> {
  const [kept] = await tx.delete(refundReasons).where(eq(refundReasons.refundId, refundId)).returning();
  return kept?.reason ?? null;
}
