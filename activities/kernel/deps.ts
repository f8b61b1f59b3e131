import type { Logger } from 'pino';
import type { BackoffPolicy, FileStore } from '../../domain/kernel/index.ts';
import type { Db } from '../../db/client.ts';

/** What all activities have. */
export interface KernelDeps {
  readonly db: Db;
  readonly log: Logger;
}

/** What activities have that read or write files. */
export interface FileDeps {
  readonly store: FileStore;
}

export interface RetrySettings extends BackoffPolicy {
  /** Whether this worker serves this work at all. */
  readonly enabled: boolean;
  readonly maxRetries: number;
  /** How soon a worker that does not serve the work hands it back to be looked at again. */
  readonly intervalMs: number;
}
