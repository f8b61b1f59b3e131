/** Connections of one process, unless its settings say otherwise. */
export const CONNECTIONS_MAX = 20;
/** Queries that hold locks are short, so a statement that takes this long is stuck. */
export const STATEMENT_TIMEOUT_MS = 15_000;
