import { assertAdmin } from '../../db/accounts/index.ts';
import { type Act, audit } from '../../db/kernel/index.ts';
import { type Phase, PHASES } from '../../domain/reconcile/index.ts';
import { idOfSweep } from '../../engine/port/index.ts';
import type { OperationsDeps } from '../deps.ts';

/**
 * An operator has the sweep look for what is stuck, now: a batch a phase, or, as a drain, until every row was looked at
 * (a drain that runs is joined). Returns its workflow's id; its report is the engine's to give. The audit log says so before
 * the engine is told, which may be away: what runs has always been asked for by somebody.
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
    await audit(tx, act, {
      action: 'reconcile.run',
      subject: workflowId,
      before: null,
      after: { phases: phases ?? PHASES },
    });
  });
  return engine.startSweep(ask, workflowId);
}
