import { once } from 'node:events';
import { createServer, request as ask, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Balancer {
  readonly url: string;
  /** How many requests each upstream has answered. */
  readonly answered: ReadonlyMap<string, number>;
  close(): Promise<void>;
}

/**
 * The balancer before the API processes: each request goes to the next of them, past any that cannot be reached. If a
 * process dies during a request, the answer is 502, as with any balancer: nobody knows whether it was carried out.
 */
export async function startBalancer(port: number, upstreams: readonly string[]): Promise<Balancer> {
  const answered = new Map(upstreams.map((upstream) => [upstream, 0]));
  let turn = 0;
  const server = createServer((request, response) => {
    const from = turn++;
    const order = upstreams.map((_, index) => upstreams[(from + index) % upstreams.length] ?? '');
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      void forward(request, Buffer.concat(chunks), response, order).then((upstream) => {
        if (upstream !== null) answered.set(upstream, (answered.get(upstream) ?? 0) + 1);
      });
    });
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    answered,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** Which upstream answered; null where none did. */
async function forward(
  request: IncomingMessage,
  body: Buffer,
  response: ServerResponse,
  order: readonly string[],
): Promise<string | null> {
  for (const upstream of order) {
    const outcome = await tryOne(upstream, request, body, response);
    if (outcome === 'answered') return upstream;
    if (outcome === 'broken') break;
  }
  if (!response.headersSent)
    response.writeHead(502, { 'content-type': 'text/plain' }).end('no API answered\n');
  else response.destroy();
  return null;
}

function tryOne(
  upstream: string,
  request: IncomingMessage,
  body: Buffer,
  response: ServerResponse,
): Promise<'answered' | 'unreachable' | 'broken'> {
  return new Promise((settle) => {
    const { method, headers, url = '/' } = request;
    const call = ask(`${upstream}${url}`, { method, headers, agent: false }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
      answer.once('end', () => settle('answered'));
      answer.once('error', () => settle('broken'));
    });
    call.once('error', (error: NodeJS.ErrnoException) =>
      settle(error.code === 'ECONNREFUSED' ? 'unreachable' : 'broken'),
    );
    // A client that goes away takes its stream with it.
    response.once('close', () => call.destroy());
    call.end(body);
  });
}
