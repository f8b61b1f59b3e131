import type { Logger } from 'pino';
import type { Db } from '../db/client.ts';
import type { Engine } from '../engine/index.ts';

/** What an operator's actions need of the world: the same for the API, the console and the command line. */
export interface OperationsDeps {
  readonly db: Db;
  readonly engine: Engine;
  readonly log: Logger;
  readonly settings: {
    /** Minor units of any currency: an action on more than this needs a second admin. */
    readonly fourEyesAboveMinor: number;
  };
}
