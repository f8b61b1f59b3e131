import type { SettlementProgress } from '../../domain/settlements/index.ts';
import type { Id } from './impersonal.ts';

/** The matching of a provider's settlement file, for those who start and follow it. */
export interface SettlementEngine {
  /** Starts the matching of a settlement file that is loaded, or joins the one that runs. */
  startSettlement(statementId: Id): Promise<void>;
  /** How far it is; null while no worker answers. */
  settlementProgress(statementId: Id): Promise<SettlementProgress | null>;
  /** Waits for its end, over all its runs. Rejects where somebody terminated it. */
  settlementEnded(statementId: Id): Promise<void>;
}
