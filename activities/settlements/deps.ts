import type { Logger } from 'pino';
import type { Db } from '../../db/client.ts';

/** All that the matching of statements has: no provider, and no engine to start anything with. */
export interface StatementDeps {
  readonly db: Db;
  readonly log: Logger;
}
