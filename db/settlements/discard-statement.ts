import { and, eq, isNull, sql } from 'drizzle-orm';
import type { Db } from '../client.ts';
import { providerStatements, statementExceptions } from './schema.ts';

const ROWS_AT_ONCE = 50_000;

/** Deletes a statement whose file changed while it was read. A loaded statement stays. */
export async function discardStatement(db: Db, statementId: string): Promise<void> {
  const isLoading = and(eq(providerStatements.id, statementId), isNull(providerStatements.loadedAt));
  await db.transaction(async (tx) => {
    const [loading] = await tx.select().from(providerStatements).where(isLoading).for('update');
    if (loading === undefined) return;
    for (let from = 0; from < loading.rowsRead; from += ROWS_AT_ONCE) {
      await tx.execute(sql`
        DELETE FROM statement_rows WHERE statement_id = ${statementId}
          AND row_number > ${from} AND row_number <= ${from + ROWS_AT_ONCE}`);
    }
    await tx.delete(statementExceptions).where(eq(statementExceptions.statementId, statementId));
    await tx.delete(providerStatements).where(isLoading);
  });
}
