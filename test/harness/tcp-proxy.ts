import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

export interface TcpProxy {
  /** 127.0.0.1:port */
  readonly address: string;
  /** How often it was dialled since it began. */
  readonly dials: number;
  /** How many wires are open now. */
  readonly open: number;
  /** The far side is gone: what is open is reset, what comes is refused. */
  down(): Promise<void>;
  up(): Promise<void>;
  /** What is open is reset, what comes is served. */
  cut(): void;
  /** What is open and what comes stays open and carries nothing, until it speaks again; what fell silent stays so. */
  silence(): void;
  speak(): void;
  /** Whoever dials is told goodbye at once, as a pooler does that has no server; until it speaks again. */
  hangUp(): void;
  /** The next message to the far side that contains these words arrives there, and its answer does not come back. */
  loseAnswerTo(words: string): Promise<void>;
}

type Manner = 'speak' | 'silent' | 'hangs up';

/** A wire to a server that can be cut, so that one suite loses it and the others of the run do not. */
export async function startTcpProxy(target: { host: string; port: number }): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  const wires = new Set<{ near: Socket; far: Socket }>();
  let manner: Manner = 'speak';
  let dials = 0;
  let losing: { words: string; lost: () => void } | null = null;
  const track = (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => socket.destroy());
  };
  const join = (near: Socket) => {
    const far = connect(target);
    track(far);
    const wire = { near, far };
    wires.add(wire);
    near.on('data', (chunk) => {
      if (losing === null || !chunk.includes(losing.words)) return;
      const { lost } = losing;
      losing = null;
      far.unpipe(near);
      far.once('data', () => {
        near.resetAndDestroy();
        lost();
      });
      far.resume();
    });
    near.pipe(far).pipe(near);
    near.on('close', () => {
      wires.delete(wire);
      far.destroy();
    });
    far.on('close', () => near.destroy());
  };
  const listenAt = async (port: number): Promise<Server> => {
    const listening = createServer((near) => {
      dials += 1;
      track(near);
      if (manner === 'hangs up') near.end();
      else if (manner === 'silent') near.resume();
      else join(near);
    });
    listening.listen(port, '127.0.0.1');
    await once(listening, 'listening');
    return listening;
  };
  let server = await listenAt(0);
  const { port } = server.address() as AddressInfo;
  const cut = () => {
    for (const socket of sockets) socket.resetAndDestroy();
  };
  return {
    address: `127.0.0.1:${port}`,
    get dials() {
      return dials;
    },
    get open() {
      return wires.size;
    },
    down: async () => {
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      cut();
      await closed;
    },
    up: async () => {
      if (!server.listening) server = await listenAt(port);
    },
    cut,
    silence: () => {
      manner = 'silent';
      for (const { near, far } of wires) {
        near.unpipe(far);
        far.unpipe(near);
        near.resume();
        far.resume();
      }
    },
    speak: () => {
      manner = 'speak';
    },
    hangUp: () => {
      manner = 'hangs up';
    },
    loseAnswerTo: (words) =>
      new Promise<void>((lost) => {
        losing = { words, lost };
      }),
  };
}
