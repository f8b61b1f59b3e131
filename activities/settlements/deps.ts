import type { Logger } from 'pino';
import type { Db } from '../../db/client.ts';

/** All that the matching of settlement files needs: no provider, and no engine. */
export interface SettlementDeps {
  readonly db: Db;
  readonly log: Logger;
}
