import { assertAdmin } from '../../db/accounts/index.ts';
import { type Act, writeAuditLog } from '../../db/kernel/index.ts';
import { UPKEEP_PHASES, type UpkeepPhase } from '../../domain/upkeep/index.ts';
import { idOfUpkeep } from '../../engine/port/index.ts';
import type { OperationsDeps } from '../deps.ts';

/**
 * An operator starts an upkeep now. Returns the workflow's id; the engine gives the report. The audit log is written before the
 * engine, which may be away, is notified: so every upkeep that runs has somebody who asked for it.
 */
export async function runUpkeep(
  { db, engine }: Pick<OperationsDeps, 'db' | 'engine'>,
  { phases }: { readonly phases?: readonly UpkeepPhase[] | undefined },
  act: Act,
): Promise<string> {
  const workflowId = idOfUpkeep();
  await db.transaction(async (tx) => {
    await assertAdmin(tx, act);
    await writeAuditLog(tx, act, {
      action: 'upkeep.run',
      subject: workflowId,
      before: null,
      after: { phases: phases ?? UPKEEP_PHASES },
    });
  });
  return engine.startUpkeep({ ...(phases && { phases }) }, workflowId);
}
