import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** What went to PostgreSQL since it was last asked. */
export interface Traffic {
  /** Statements carried out, `BEGIN` and `COMMIT` among them. */
  readonly statements: number;
  /** How often a client sent something and had to wait for the answer before it could go on. */
  readonly roundTrips: number;
  /** Their texts, in the order in which they were carried out. */
  readonly texts: readonly string[];
}

export interface PostgresMeter {
  /** The address of the database, with this meter in the place of the server. */
  readonly url: string;
  /** Begins to count anew. */
  reset(): void;
  read(): Traffic;
  close(): Promise<void>;
}

const LENGTH_BYTES = 4;
const SSL_REQUEST = 80_877_103;

/**
 * A wire to PostgreSQL that counts what clients send over it. It reads the frontend's messages (postgresql.org/docs,
 * "Message Formats") and passes every byte on as it came.
 */
export async function startPostgresMeter(databaseUrl: string): Promise<PostgresMeter> {
  const target = new URL(databaseUrl);
  const far = { host: target.hostname, port: Number(target.port || '5432') };
  const sockets = new Set<Socket>();
  let texts: string[] = [];
  let roundTrips = 0;
  const server = createServer((near) => {
    const wire = connect(far);
    for (const socket of [near, wire]) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('close', () => sockets.delete(socket)).on('error', () => socket.destroy());
    }
    const count = frontend({
      statement: (text) => void texts.push(text),
      waits: () => void (roundTrips += 1),
    });
    near.on('data', count);
    near.pipe(wire).pipe(near);
    near.on('close', () => wire.destroy());
    wire.on('close', () => near.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = new URL(databaseUrl);
  url.hostname = '127.0.0.1';
  url.port = String((server.address() as AddressInfo).port);
  return {
    url: url.href,
    reset: () => {
      texts = [];
      roundTrips = 0;
    },
    read: () => ({ statements: texts.length, roundTrips, texts: [...texts] }),
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** Reads one client's messages from its chunks. Flush and Sync that follow each other in one chunk are one wait. */
function frontend(told: { statement(text: string): void; waits(): void }) {
  let rest: Buffer = Buffer.alloc(0);
  let isOpened = false;
  const prepared = new Map<string, string>();
  const portals = new Map<string, string>();

  const read = (type: string, body: Buffer): boolean => {
    const word = (from: number): [string, number] => {
      const end = body.indexOf(0, from);
      return [body.toString('utf8', from, end), end + 1];
    };
    if (type === 'Q') {
      for (const text of word(0)[0].split(';')) if (text.trim() !== '') told.statement(text.trim());
      return true;
    }
    if (type === 'P') {
      const [name, next] = word(0);
      prepared.set(name, word(next)[0]);
    } else if (type === 'B') {
      const [portal, next] = word(0);
      portals.set(portal, prepared.get(word(next)[0]) ?? '');
    } else if (type === 'E') {
      told.statement(portals.get(word(0)[0]) ?? '');
    }
    return type === 'S' || type === 'H';
  };

  return (chunk: Buffer) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let waits = false;
    for (;;) {
      const typeBytes = isOpened ? 1 : 0;
      if (rest.length < typeBytes + LENGTH_BYTES) break;
      const length = rest.readInt32BE(typeBytes);
      if (rest.length < typeBytes + length) break;
      const body = rest.subarray(typeBytes + LENGTH_BYTES, typeBytes + length);
      if (isOpened) waits = read(String.fromCharCode(rest[0]!), body) || waits;
      else isOpened = body.readInt32BE(0) !== SSL_REQUEST;
      rest = rest.subarray(typeBytes + length);
    }
    if (waits) told.waits();
  };
}
