import { and, eq, isNull, sql } from 'drizzle-orm';
import type { Db } from '../client.ts';
import { settlementFiles } from './schema.ts';
import type { SettlementFile } from './open-file.ts';

/** The file was read to its end: from here on its rows may be matched. Repeatable. Throws where rows are missing. */
export async function closeSettlementFile(
  db: Db,
  statementId: string,
  rows: number,
): Promise<SettlementFile> {
  await db
    .update(settlementFiles)
    .set({ loadedAt: sql`now()` })
    .where(
      and(
        eq(settlementFiles.id, statementId),
        eq(settlementFiles.rowsRead, rows),
        isNull(settlementFiles.loadedAt),
      ),
    );
  const [settlementFile] = await db.select().from(settlementFiles).where(eq(settlementFiles.id, statementId));
  if (settlementFile === undefined || settlementFile.loadedAt === null || settlementFile.rowsRead !== rows) {
    throw new Error(
      `settlement file ${statementId} has ${settlementFile?.rowsRead ?? 'no'} rows, its file ${rows}`,
    );
  }
  return settlementFile;
}
