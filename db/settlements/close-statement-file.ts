import { and, eq, isNull, sql } from 'drizzle-orm';
import type { Db } from '../client.ts';
import { providerStatements } from './schema.ts';
import type { Statement } from './open-statement.ts';

/** The file was read to its end: from here on its rows may be matched. Repeatable. Throws where rows are missing. */
export async function closeStatementFile(db: Db, statementId: string, rows: number): Promise<Statement> {
  await db
    .update(providerStatements)
    .set({ loadedAt: sql`now()` })
    .where(
      and(
        eq(providerStatements.id, statementId),
        eq(providerStatements.rowsRead, rows),
        isNull(providerStatements.loadedAt),
      ),
    );
  const [statement] = await db
    .select()
    .from(providerStatements)
    .where(eq(providerStatements.id, statementId));
  if (statement === undefined || statement.loadedAt === null || statement.rowsRead !== rows) {
    throw new Error(`statement ${statementId} has ${statement?.rowsRead ?? 'no'} rows, its file ${rows}`);
  }
  return statement;
}
