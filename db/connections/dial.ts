import { connect, type Socket } from 'node:net';

/** How often an idle connection is tested for whether the other side is still there. */
const KEEP_ALIVE_MS = 10_000;

/** Where to connect, in the driver's own shape; several hosts where the address names several. */
export interface DialAt {
  readonly host: readonly string[];
  readonly port: readonly number[];
  /** A Unix socket, instead of host and port. */
  readonly path?: string | false | undefined;
}

/** Connects to the first host that answers. Throws the last host's error, or why `signal` gave up. */
export async function dial(at: DialAt, signal: AbortSignal): Promise<Socket> {
  let refusal: unknown;
  for (const [index, host] of at.host.entries()) {
    signal.throwIfAborted();
    try {
      const port = at.port[index] ?? 5432;
      return await open(at.path ? connect({ path: at.path }) : connect({ host, port }), host, signal);
    } catch (error) {
      refusal = error;
    }
  }
  throw refusal;
}

async function open(socket: Socket, host: string, signal: AbortSignal): Promise<Socket> {
  const giveUp = () => void socket.destroy(signal.reason as Error);
  signal.addEventListener('abort', giveUp);
  try {
    await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  } finally {
    signal.removeEventListener('abort', giveUp);
  }
  socket.removeAllListeners();
  socket.setNoDelay(true);
  socket.setKeepAlive(true, KEEP_ALIVE_MS);
  // The driver passes the host to TLS.
  return Object.assign(socket, { host });
}
