import { and, eq, isNull, sql } from 'drizzle-orm';
import type { Db } from '../client.ts';
import { settlementFiles, settlementExceptions } from './schema.ts';

const ROWS_AT_ONCE = 50_000;

/** Deletes a settlement file that changed while it was read. One that is loaded stays. */
export async function discardSettlementFile(db: Db, statementId: string): Promise<void> {
  const isLoading = and(eq(settlementFiles.id, statementId), isNull(settlementFiles.loadedAt));
  await db.transaction(async (tx) => {
    const [loading] = await tx.select().from(settlementFiles).where(isLoading).for('update');
    if (loading === undefined) return;
    for (let from = 0; from < loading.rowsRead; from += ROWS_AT_ONCE) {
      await tx.execute(sql`
        DELETE FROM statement_rows WHERE statement_id = ${statementId}
          AND row_number > ${from} AND row_number <= ${from + ROWS_AT_ONCE}`);
    }
    await tx.delete(settlementExceptions).where(eq(settlementExceptions.statementId, statementId));
    await tx.delete(settlementFiles).where(isLoading);
  });
}
