import { Context } from '@temporalio/activity';
import { readSettlementState } from '../../db/settlements/list.ts';
import {
  endSettlementFile,
  keepMissingKnown,
  removeSettlementClaims,
} from '../../db/settlements/end-file.ts';
import { matchSettlementRows } from '../../db/settlements/match-rows.ts';
import { missSettlementRows } from '../../db/settlements/miss-rows.ts';
import type { Claimable, MissingCursor } from '../../domain/settlements/settlement-file.ts';
import { whileHeartbeating } from '../kernel/index.ts';
import type { SettlementDeps } from './deps.ts';

/** Transactions of one activity: enough that the engine's hops cost little, few enough that people see progress. */
const BATCHES = 5;
const CLAIMS_BATCH = 20_000;

/** The matching of settlement files. Each step may run twice; none of them knows a provider. */
export function createSettlementActivities({ db, log }: SettlementDeps) {
  /** Takes steps until one says that it was the last or the slice is full; fails where the worker stops. */
  const slice = async (step: () => Promise<boolean>, steps = BATCHES): Promise<void> => {
    const { cancellationSignal, cancelled } = Context.current();
    await whileHeartbeating(async () => {
      for (let count = 0; count < steps; count += 1) {
        if (cancellationSignal.aborted) await cancelled;
        if (!(await step())) return;
      }
    });
  };

  return {
    readStatementState: (statementId: string) => readSettlementState(db, statementId),

    /** How many rows have been matched. */
    async matchStatementRows(statementId: string, batchRows: number): Promise<number> {
      let through = 0;
      await slice(async () => {
        const before = through;
        through = await matchSettlementRows(db, statementId, batchRows);
        return through > before;
      });
      return through;
    },

    /** Returns where to go on; null where nothing of this kind is left. */
    async missStatementRows(
      statementId: string,
      ask: { readonly kind: Claimable; readonly after: MissingCursor | null; readonly limit: number },
    ): Promise<MissingCursor | null> {
      let { after } = ask;
      await slice(async () => {
        after = await missSettlementRows(db, statementId, { ...ask, after });
        return after !== null;
      });
      return after;
    },

    /** All of our rows that the file does not name are written down, so the claims are not needed any more. */
    async forgetStatementClaims(statementId: string): Promise<void> {
      await keepMissingKnown(db, statementId);
      await slice(() => removeSettlementClaims(db, statementId, CLAIMS_BATCH), Number.POSITIVE_INFINITY);
    },

    async endStatement(statementId: string): Promise<void> {
      await endSettlementFile(db, statementId);
      log.info({ statementId }, 'a settlement file has been matched');
    },
  };
}
