import { and, eq, isNull, sql } from 'drizzle-orm';
import { settlementWorkflowId } from '../../domain/settlements/ids.ts';
import type { Db } from '../client.ts';
import { countOpenExceptions } from './list.ts';
import { settlementFiles } from './schema.ts';
import { raiseFlag } from '../kernel/index.ts';

/** All of our rows that the file does not name are written down: from here on the claims are not needed. Repeatable. */
export async function keepMissingKnown(db: Db, statementId: string): Promise<void> {
  await db
    .update(settlementFiles)
    .set({ missingKnownAt: sql`now()` })
    .where(and(eq(settlementFiles.id, statementId), isNull(settlementFiles.missingKnownAt)));
}

/** Removes some of a settlement file's claims; false where none is left. */
export async function removeSettlementClaims(db: Db, statementId: string, limit: number): Promise<boolean> {
  const [removed] = await db.execute<{ count: number }>(sql`
    WITH removed AS (
      DELETE FROM statement_claims WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM statement_claims WHERE statement_id = ${statementId} LIMIT ${limit})) RETURNING 1
    ) SELECT count(*)::int AS count FROM removed`);
  return (removed?.count ?? 0) > 0;
}

/** The settlement file has been matched; its exceptions go onto the operators' list. Repeatable. */
export async function endSettlementFile(db: Db, statementId: string): Promise<void> {
  await db.transaction(async (tx) => {
    const [ended] = await tx
      .update(settlementFiles)
      .set({ endedAt: sql`now()` })
      .where(and(eq(settlementFiles.id, statementId), isNull(settlementFiles.endedAt)))
      .returning();
    if (ended === undefined) return;
    const open = await countOpenExceptions(tx, statementId);
    if (open === 0) return;
    const detail = `${open} exceptions in the settlement file ${ended.fileName}`;
    await raiseFlag(tx, 'statement_exceptions', settlementWorkflowId(statementId), detail);
  });
}
