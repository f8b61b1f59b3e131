/** Node's names of a network that fails. */
const NETWORK = 'ECONNREFUSED ECONNRESET EPIPE ETIMEDOUT ENOTFOUND EAI_AGAIN EHOSTUNREACH ENETUNREACH';
/** The database driver's own. */
const DRIVER = 'CONNECTION_CLOSED CONNECTION_ENDED CONNECTION_DESTROYED CONNECT_TIMEOUT';
/** PostgreSQL: shut down, crashed, starting, too many connections, statement or lock timed out, idle, deadlock. */
const POSTGRES = '57P01 57P02 57P03 53300 57014 55P03 25P03 40P01';
const UNAVAILABLE: ReadonlySet<string> = new Set(`${NETWORK} ${DRIVER} ${POSTGRES}`.split(' '));
const CAUSES_MAX = 5;

/** Whether the database (or a host) did not answer: the ORM wraps the driver's error, so its causes are looked at too. */
export function isUnavailable(thrown: unknown, depth = 0): boolean {
  if (!(thrown instanceof Error) || depth > CAUSES_MAX) return false;
  const code = 'code' in thrown ? String(thrown.code) : '';
  return UNAVAILABLE.has(code) || code.startsWith('08') || isUnavailable(thrown.cause, depth + 1);
}
