import type { StatementProgress } from '../../domain/settlements/index.ts';

/** The matching of a provider's statement, for those who start and follow it. */
export interface StatementEngine {
  /** Starts the matching of a statement that is loaded, or joins the one that runs. */
  startStatement(statementId: string, fileName: string): Promise<void>;
  /** How far it is; null while no worker answers. */
  statementProgress(statementId: string): Promise<StatementProgress | null>;
  /** Waits for its end, over all its runs. Rejects where somebody terminated it. */
  statementEnded(statementId: string): Promise<void>;
}
