import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface TcpProxy {
  /** 127.0.0.1:port */
  readonly address: string;
  /** The far side is gone: what is open is reset, what comes is refused. */
  down(): void;
  up(): void;
  close(): Promise<void>;
}

/** A wire to a server that can be cut, so that one suite loses it and the others of the run do not. */
export async function startTcpProxy(target: { host: string; port: number }): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  let cut = false;
  const track = (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => socket.destroy());
  };
  const server = createServer((near) => {
    track(near);
    if (cut) return void near.resetAndDestroy();
    const far = connect(target);
    track(far);
    near.pipe(far).pipe(near);
    near.on('close', () => far.destroy());
    far.on('close', () => near.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const down = () => {
    cut = true;
    for (const socket of sockets) socket.resetAndDestroy();
  };
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    down,
    up: () => void (cut = false),
    close: async () => {
      down();
      const closed = once(server, 'close');
      server.close();
      await closed;
    },
  };
}
