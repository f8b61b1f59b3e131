import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';

export interface MetricsServer {
  /** Null where the port is taken. */
  readonly url: string | null;
  close(): Promise<void>;
}

/**
 * `/metrics` on a port of its own, so that it is never served where buyers call. A taken port costs a warning and
 * does not end the process: it has to move money even when nobody watches it.
 */
export async function serveMetrics(
  at: { readonly host: string; readonly port: number },
  registry: Registry,
  refresh: () => Promise<void>,
  log: Logger,
): Promise<MetricsServer> {
  const server = createServer((request, response) => {
    if (request.method !== 'GET' || request.url !== '/metrics') {
      response.writeHead(404, { 'content-type': 'text/plain' }).end('There is /metrics and nothing else.\n');
      return;
    }
    refresh()
      .then(() => registry.metrics())
      .then(
        (text) => response.writeHead(200, { 'content-type': registry.contentType }).end(text),
        (error: unknown) => {
          log.error({ err: error }, 'metrics cannot be shown');
          response.writeHead(500).end();
        },
      );
  });
  try {
    server.listen(at.port, at.host);
    await once(server, 'listening');
  } catch (error) {
    log.warn({ err: error, ...at }, 'metrics are not served: the port is taken or not allowed');
    return { url: null, close: async () => {} };
  }
  const { address, port, family } = server.address() as AddressInfo;
  const url = `http://${family === 'IPv6' ? `[${address}]` : address}:${port}/metrics`;
  log.info({ metricsUrl: url }, 'metrics served');
  return { url, close: () => closeServer(server) };
}

async function closeServer(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}
