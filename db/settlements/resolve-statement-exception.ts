import { and, eq, isNull, sql } from 'drizzle-orm';
import { VezaError } from '../../domain/errors.ts';
import { statementWorkflowId } from '../../domain/settlements/ids.ts';
import type { Tx } from '../client.ts';
import { countOpenExceptions } from './list.ts';
import { providerStatements, statementExceptions } from './schema.ts';
import { assertAdmin } from '../accounts/index.ts';
import { type Act, writeAuditLog, clearFlags } from '../kernel/index.ts';

export type StatementException = typeof statementExceptions.$inferSelect;

/**
 * An operator has looked at an exception and says how it was resolved. The last one takes the statement off the
 * operators' list. Moves no money. Throws `statement_exception_not_found` and `statement_exception_resolved`.
 */
export async function resolveStatementException(
  tx: Tx,
  { exceptionId, ...act }: Act & { readonly exceptionId: string; readonly reason: string },
): Promise<StatementException> {
  await assertAdmin(tx, act);
  const [found] = await tx.select().from(statementExceptions).where(eq(statementExceptions.id, exceptionId));
  if (found === undefined) {
    throw new VezaError('statement_exception_not_found', `There is no statement exception ${exceptionId}.`);
  }
  const { statementId } = found;
  // If two operators resolve the last two exceptions at once, they must not both find one more open.
  await tx
    .select({ id: providerStatements.id })
    .from(providerStatements)
    .where(eq(providerStatements.id, statementId))
    .for('update');
  const [resolved] = await tx
    .update(statementExceptions)
    .set({ resolvedAt: sql`now()`, resolvedBy: act.actor, resolution: act.reason })
    .where(and(eq(statementExceptions.id, exceptionId), isNull(statementExceptions.resolvedAt)))
    .returning();
  if (resolved === undefined) {
    throw new VezaError(
      'statement_exception_resolved',
      `Statement exception ${exceptionId} was resolved before.`,
    );
  }
  const subject = statementWorkflowId(statementId);
  if ((await countOpenExceptions(tx, statementId)) === 0) {
    await clearFlags(tx, 'statement_exceptions', subject);
  }
  await writeAuditLog(tx, act, {
    action: 'statement_exception.resolve',
    subject,
    before: { exception: exceptionId, kind: found.kind, about: found.subject ?? found.ref },
    after: { exception: exceptionId, resolved: true },
  });
  return resolved;
}
