import type { Db } from '../../db/client.ts';
import type { PasswordHasher } from '../../db/accounts/index.ts';
import type { Caller, Identity, SignInFailure, Standing } from '../../domain/accounts/index.ts';
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
  readonly callerOf: (token: string) => Promise<LetIn & { readonly expiresAt: Date }>;
  /** Whose session of the console a cookie holds the secret of. Throws `unauthenticated`, `session_ended` and the like. */
  readonly callerOfConsole: (secret: string) => Promise<LetIn>;
  /** Who keeps the accounts: it decides how one signs in. */
  readonly identity: Identity;
  /** Of this process: the API makes its hashes by the same. */
  readonly passwords: PasswordHasher;
  /** What counts of failures are kept under, as in the API. */
  readonly limitsKey: Buffer;
  /** Of one client without credentials, in a minute: of any kind, and to sign in. As in the API. */
  readonly callsPerMinute: { readonly anonymous: number; readonly auth: number };
  /** Told of each attempt to sign in that failed. */
  readonly signInFailed: (why: SignInFailure) => void;
  /** Nothing opens for an admin whose session was not proved by a second factor. */
  readonly needsSecondFactor: boolean;
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

interface LetIn {
  readonly caller: Caller;
  /** Null: the token is an identity provider's. */
  readonly session: Standing['session'];
}

export interface Session {
  readonly caller: Caller;
  /** The cookie's secret, or the bearer token: what forms are bound to. */
  readonly token: string;
  /** Null: the token is an identity provider's. */
  readonly sessionId: string | null;
  /** By the cookie of a session of the console; by no bearer token. */
  readonly isOfConsole: boolean;
  /** When they proved who they are; null: an identity provider knows. */
  readonly authenticatedAtMs: number | null;
  /** It was proved by a second factor, or an identity provider vouches for it. */
  readonly isProved: boolean;
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
