import type { Logger } from 'pino';
import type { Db } from '../db/client.ts';
import type { Engine } from '../engine/port/index.ts';

export interface InboxDeps {
  readonly db: Db;
  readonly engine: Engine;
  readonly log: Logger;
}
