import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

export interface TcpProxy {
  /** 127.0.0.1:port */
  readonly address: string;
  /** The far side is gone: what is open is reset, what comes is refused. */
  down(): Promise<void>;
  up(): Promise<void>;
}

/** A wire to a server that can be cut, so that one suite loses it and the others of the run do not. */
export async function startTcpProxy(target: { host: string; port: number }): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  const track = (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => socket.destroy());
  };
  const listenAt = async (port: number): Promise<Server> => {
    const listening = createServer((near) => {
      const far = connect(target);
      track(near);
      track(far);
      near.pipe(far).pipe(near);
      near.on('close', () => far.destroy());
      far.on('close', () => near.destroy());
    });
    listening.listen(port, '127.0.0.1');
    await once(listening, 'listening');
    return listening;
  };
  let server = await listenAt(0);
  const { port } = server.address() as AddressInfo;
  return {
    address: `127.0.0.1:${port}`,
    down: async () => {
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.resetAndDestroy();
      await closed;
    },
    up: async () => {
      if (!server.listening) server = await listenAt(port);
    },
  };
}
