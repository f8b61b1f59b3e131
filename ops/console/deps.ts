import type { Db } from '../../db/client.ts';
import type { Caller } from '../../domain/accounts/index.ts';
import type { Logger } from '../../log.ts';
import type { OperationsDeps } from '../../operations/deps.ts';
import type { TemporalUi } from '../../operations/links.ts';
import type { RequestBodies } from '../../request-bodies.ts';
import type { Arrival, RequestClient } from '../../trusted-proxies.ts';

/** The console's dependencies; the composition root gives them once. */
export interface ConsoleDeps extends OperationsDeps {
  /**
   * As the API takes bearer tokens, with the role of the row. Throws `unauthenticated`, and `engine_unavailable` where
   * keys are not to be had.
   */
  readonly callerOf: (token: string) => Promise<{ readonly caller: Caller; readonly expiresAt: Date }>;
  /** The same rows for pages that only show them, so that connections are left for what moves money. */
  readonly reads: Db;
  /** Finds who is behind our own proxies, and whether they came by https. */
  readonly findClient: (arrival: Arrival) => RequestClient;
  /** Of this process: forms are read by the same budget as the API's bodies. */
  readonly bodies: RequestBodies;
  readonly temporalUi: TemporalUi;
  /** How often the sweep runs, in milliseconds: the console warns when the last one is older than two intervals. */
  readonly sweepIntervalMs: number;
  /** The clock. */
  readonly now: () => Date;
}

export interface Session {
  readonly caller: Caller;
  /** The bearer token itself: what the session ends with, and what forms are bound to. */
  readonly token: string;
}

export interface ConsoleEnv {
  Bindings: {
    /** Node's request; absent where a test calls the app without a server. */
    readonly incoming?: {
      readonly socket: { readonly remoteAddress?: string | undefined; readonly encrypted?: boolean };
    };
  };
  Variables: {
    /** Both are set by the app that the console is mounted in. */
    requestId: string;
    log: Logger;
    /** Set on every page behind the login. */
    session: Session;
  };
}
