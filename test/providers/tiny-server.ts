import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface SeenRequest {
  method: string;
  /** With its query. */
  path: string;
  headers: IncomingMessage['headers'];
  body: string;
}

export interface ScriptedAnswer {
  status?: number;
  headers?: Record<string, string>;
  /** A string is sent as it is, anything else as JSON. */
  body?: unknown;
  /** Takes the answer's place, e.g. to close the socket. */
  instead?: (response: ServerResponse) => void;
}

export interface TinyServer {
  url: string;
  seen: SeenRequest[];
  /** Answers in this order; the last one is repeated. */
  script(...answers: ScriptedAnswer[]): void;
  close(): Promise<void>;
}

/** A provider that says what it is told to, on loopback. */
export async function startTinyServer(): Promise<TinyServer> {
  const seen: SeenRequest[] = [];
  let answers: ScriptedAnswer[] = [];
  const server: Server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
    request.on('end', () => {
      seen.push({ method: request.method ?? '', path: request.url ?? '', headers: request.headers, body });
      const answer = answers.length > 1 ? answers.shift() : answers[0];
      if (answer?.instead) return answer.instead(response);
      const text = typeof answer?.body === 'string' ? answer.body : JSON.stringify(answer?.body ?? {});
      response.writeHead(answer?.status ?? 200, { 'content-type': 'application/json', ...answer?.headers });
      response.end(text);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    script(...next) {
      answers = next;
      seen.length = 0;
    },
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

/** A port on which nothing listens. */
export async function closedUrl(): Promise<string> {
  const server = await startTinyServer();
  await server.close();
  return server.url;
}
