import type { Logger } from 'pino';
import type { Db } from '../../db/client.ts';

/** All that the matching of statements needs: no provider, and no engine. */
export interface StatementDeps {
  readonly db: Db;
  readonly log: Logger;
}
