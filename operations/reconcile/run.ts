import { assertAdmin } from '../../db/accounts/index.ts';
import { type Act, writeAuditLog } from '../../db/kernel/index.ts';
import { type Phase, PHASES } from '../../domain/reconcile/index.ts';
import { idOfSweep } from '../../engine/port/index.ts';
import type { OperationsDeps } from '../deps.ts';

/**
 * An operator starts a sweep now: one batch of each phase or, as a drain, until every row was looked at (a drain that
 * runs is joined). Returns the workflow's id; the engine gives the report. The audit log is written before the
 * engine, which may be away, is notified: so every sweep that runs has somebody who asked for it.
 */
export async function runReconciliation(
  { db, engine }: Pick<OperationsDeps, 'db' | 'engine'>,
  { phases, drain }: { readonly phases?: readonly Phase[] | undefined; readonly drain: boolean },
  act: Act,
): Promise<string> {
  const ask = { drain, ...(phases && { phases }) };
  const workflowId = idOfSweep(ask);
  await db.transaction(async (tx) => {
    await assertAdmin(tx, act);
    await writeAuditLog(tx, act, {
      action: 'reconcile.run',
      subject: workflowId,
      before: null,
      after: { phases: phases ?? PHASES },
    });
  });
  return engine.startSweep(ask, workflowId);
}
