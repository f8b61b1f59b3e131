import { Context } from '@temporalio/activity';
import { readStatementState } from '../../db/settlements/list.ts';
import { endStatement, keepMissingKnown, removeStatementClaims } from '../../db/settlements/end-statement.ts';
import { matchStatementRows } from '../../db/settlements/match-statement-rows.ts';
import { missStatementRows } from '../../db/settlements/miss-statement-rows.ts';
import type { Claimable, MissingCursor } from '../../domain/settlements/provider-statement.ts';
import { whileHeartbeating } from '../kernel/index.ts';
import type { StatementDeps } from './deps.ts';

/** Transactions of one activity: enough that the engine's hops cost little, few enough that people see progress. */
const BATCHES = 5;
const CLAIMS_BATCH = 20_000;

/** The matching of statements. Each step may run twice; none of them knows a provider. */
export function createStatementActivities({ db, log }: StatementDeps) {
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
    readStatementState: (statementId: string) => readStatementState(db, statementId),

    /** How many rows have been matched. */
    async matchStatementRows(statementId: string, batchRows: number): Promise<number> {
      let through = 0;
      await slice(async () => {
        const before = through;
        through = await matchStatementRows(db, statementId, batchRows);
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
        after = await missStatementRows(db, statementId, { ...ask, after });
        return after !== null;
      });
      return after;
    },

    /** All of our rows that the file does not name are written down, so the claims are not needed any more. */
    async forgetStatementClaims(statementId: string): Promise<void> {
      await keepMissingKnown(db, statementId);
      await slice(() => removeStatementClaims(db, statementId, CLAIMS_BATCH), Number.POSITIVE_INFINITY);
    },

    async endStatement(statementId: string): Promise<void> {
      await endStatement(db, statementId);
      log.info({ statementId }, 'a statement has been matched');
    },
  };
}
