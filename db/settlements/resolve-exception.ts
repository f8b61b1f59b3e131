import { and, eq, isNull, sql } from 'drizzle-orm';
import { VezaError } from '../../domain/errors.ts';
import { withoutEmails } from '../../domain/kernel/index.ts';
import { settlementWorkflowId } from '../../domain/settlements/ids.ts';
import type { Tx } from '../client.ts';
import { countOpenExceptions } from './list.ts';
import { settlementFiles, settlementExceptions } from './schema.ts';
import { assertAdmin } from '../accounts/index.ts';
import { type Act, writeAuditLog, clearFlags } from '../kernel/index.ts';

export type SettlementException = typeof settlementExceptions.$inferSelect;

/**
 * An operator has looked at an exception and says how it was resolved. The last one takes the settlement file off the
 * operators' list. Moves no money. Throws `statement_exception_not_found` and `statement_exception_resolved`.
 */
export async function resolveSettlementException(
  tx: Tx,
  { exceptionId, ...act }: Act & { readonly exceptionId: string; readonly reason: string },
): Promise<SettlementException> {
  await assertAdmin(tx, act);
  const [found] = await tx
    .select()
    .from(settlementExceptions)
    .where(eq(settlementExceptions.id, exceptionId));
  if (found === undefined) {
    throw new VezaError('statement_exception_not_found', `There is no settlement exception ${exceptionId}.`);
  }
  const { statementId } = found;
  // If two operators resolve the last two exceptions at once, they must not both find one more open.
  await tx
    .select({ id: settlementFiles.id })
    .from(settlementFiles)
    .where(eq(settlementFiles.id, statementId))
    .for('update');
  const [resolved] = await tx
    .update(settlementExceptions)
    .set({ resolvedAt: sql`now()`, resolvedBy: act.actor, resolution: withoutEmails(act.reason) })
    .where(and(eq(settlementExceptions.id, exceptionId), isNull(settlementExceptions.resolvedAt)))
    .returning();
  if (resolved === undefined) {
    throw new VezaError(
      'statement_exception_resolved',
      `Settlement exception ${exceptionId} was resolved before.`,
    );
  }
  const subject = settlementWorkflowId(statementId);
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
