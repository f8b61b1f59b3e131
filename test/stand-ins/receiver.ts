import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Received {
  body: string;
  headers: IncomingHttpHeaders;
}

export interface Receiver {
  url: string;
  received: Received[];
  /** What the next webhooks are answered; 200 unless told. */
  answer: (nth: number, received: Received) => number | Promise<number>;
  close(): Promise<void>;
}

/** A webhook endpoint that remembers exact bytes. */
export async function startReceiver(): Promise<Receiver> {
  const receiver: Receiver = { url: '', received: [], answer: () => 200, close: async () => undefined };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const received = { body: Buffer.concat(chunks).toString(), headers: request.headers };
      receiver.received.push(received);
      void Promise.resolve(receiver.answer(receiver.received.length, received)).then((status) => {
        response.statusCode = status;
        response.end('seen');
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  receiver.url = `http://127.0.0.1:${port}/webhooks`;
  receiver.close = () =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return receiver;
}
