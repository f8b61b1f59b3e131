/** Node's codes for a network that fails. */
const NETWORK =
  'ECONNREFUSED ECONNRESET ECONNABORTED EPIPE ETIMEDOUT ENOTFOUND EAI_AGAIN EHOSTUNREACH ENETUNREACH ENETDOWN';
/** The database driver's own codes. */
const DRIVER = 'CONNECTION_CLOSED CONNECTION_ENDED CONNECTION_DESTROYED CONNECT_TIMEOUT';
/**
 * PostgreSQL's codes, which PgBouncer uses too: shut down, crashed, starting, too many connections, statement or lock
 * timed out, idle in a transaction, deadlock, disconnected for being idle, a standby that was not promoted yet.
 */
const POSTGRES = '57P01 57P02 57P03 57P05 53300 57014 55P03 25P03 25P04 25006 40P01 40001';
const UNAVAILABLE: ReadonlySet<string> = new Set(`${NETWORK} ${DRIVER} ${POSTGRES}`.split(' '));
const CAUSES_MAX = 5;

/** The database did not answer in time, or could not be reached. A sent statement may still have been carried out. */
export class DatabaseUnavailable extends Error {
  override readonly name = 'DatabaseUnavailable';
  readonly code: string;

  constructor(message: string, code: string) {
    super(message);
    this.code = code;
  }
}

/** Whether the database (or a host) did not answer. The ORM wraps the driver's error, so causes are checked too. */
export function isUnavailable(thrown: unknown, depth = 0): boolean {
  if (!(thrown instanceof Error) || depth > CAUSES_MAX) return false;
  if (thrown instanceof DatabaseUnavailable) return true;
  const code = 'code' in thrown ? String(thrown.code) : '';
  return UNAVAILABLE.has(code) || code.startsWith('08') || isUnavailable(thrown.cause, depth + 1);
}
