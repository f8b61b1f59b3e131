import type { Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer, type HttpBindings } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { type Context, Hono } from 'hono';
import type { Deliverer } from './deliveries.ts';
import { type Occasion, occasion, type SharedFaults, type StatusFault } from './faults.ts';
import type { RequestEntry, RequestLog } from './requests.ts';
import type { Tasks } from './tasks.ts';

export interface Answer {
  status: number;
  body: object;
  headers?: Record<string, string>;
}

/** `early`: the webhooks must come before the answer, so nothing waits. */
type Effect = (o: { early: boolean }) => void;

/** One call of a provider's API, from request to answer. */
export interface Exchange {
  operation: string;
  method: string;
  path: string;
  params: Record<string, string>;
  query: URLSearchParams;
  headers: Record<string, string>;
  raw: string;
  /** As the provider parses it; undefined where it could not. */
  body: unknown;
  at: Occasion;
  entry: RequestEntry;
  /** Runs when the answer has left or will never leave: settling, webhooks. */
  after(effect: Effect): void;
}

export interface Operation {
  name: string;
  method: 'GET' | 'POST';
  path: string;
  act(exchange: Exchange): Answer | Promise<Answer>;
}

/** What the providers do differently around a call. */
export interface Provider {
  operations: readonly Operation[];
  parse(raw: string): unknown;
  /** Authorises, applies idempotency, and turns the provider's own errors into answers. */
  execute(exchange: Exchange, act: () => Promise<Answer>): Promise<Answer>;
  answerFor(fault: StatusFault, exchange: Exchange): Answer;
  unknownRoute(method: string, path: string): Answer;
  /** Headers of every answer. */
  headers(): Record<string, string>;
}

type Env = { Bindings: HttpBindings };
export type App = Hono<Env>;

export interface ServerParts {
  provider: Provider;
  faults: SharedFaults;
  deliverer: Deliverer;
  tasks: Tasks;
  requests: RequestLog;
  onChange(): void;
}

export function providerApp(parts: ServerParts): App {
  const app: App = new Hono<Env>();
  for (const operation of parts.provider.operations) {
    app.on(operation.method, operation.path, (c) => serve(parts, operation, c));
  }
  return app;
}

/** Must come after the control routes. */
export function refuseUnknownRoutes(app: App, provider: Provider): void {
  app.notFound((c) => json(provider.unknownRoute(c.req.method, c.req.path), provider.headers()));
}

async function serve(parts: ServerParts, operation: Operation, c: Context<Env>): Promise<Response> {
  const { provider, faults, requests, tasks } = parts;
  const { outgoing } = c.env;
  const effects: Effect[] = [];
  const exchange = await receive(parts, operation, c, effects);
  const { at, entry } = exchange;
  const noted = <F extends { kind: string }>(fault: F | undefined): F | undefined => {
    if (fault !== undefined) entry.faults.push(fault.kind);
    return fault;
  };

  const end = tasks.begin();
  const runEffects = (early = false): void => {
    for (const effect of effects.splice(0)) effect({ early });
    if (!tasks.closed) parts.onChange();
  };
  const finished = (): void => {
    runEffects();
    end();
  };
  // Only after we have acted: a client that hangs up while we work gets no answer, but still gets its webhooks.
  const finishWhenGone = (): void => {
    if (outgoing.closed) finished();
    else outgoing.once('close', finished);
  };

  const delayMs = noted(faults.take(['latency'], at))?.delayMs ?? 0;
  const edge = noted(
    faults.take(['status', 'dropBefore', 'hang'], at, (f) => f.kind !== 'status' || f.stored !== true),
  );
  if (edge?.kind === 'dropBefore') {
    requests.close(entry, 'dropped', null);
    end();
    return reset(outgoing);
  }
  if (edge?.kind === 'hang') {
    requests.close(entry, 'never_answered', null);
    end();
    return RESPONSE_ALREADY_SENT;
  }

  const act = async (): Promise<Answer> => {
    if (delayMs > 0) await tasks.sleep(delayMs);
    const stored = noted(faults.take(['status'], at, (f) => f.stored === true));
    return stored === undefined ? operation.act(exchange) : provider.answerFor(stored, exchange);
  };
  const answer =
    edge === undefined
      ? await provider.execute(exchange, act).catch((error: unknown) => defect(parts, exchange, error))
      : await tasks.sleep(delayMs).then(() => provider.answerFor(edge, exchange));
  parts.onChange();

  if (noted(faults.take(['webhookFirst'], at))) await parts.deliverer.emittedBy(() => runEffects(true));
  const lost = noted(faults.take(['dropAfter', 'timeoutAfter'], at));
  if (lost?.kind === 'dropAfter') {
    requests.close(entry, 'dropped', answer.status);
    finishWhenGone();
    return reset(outgoing);
  }
  if (lost?.kind === 'timeoutAfter') {
    requests.close(entry, 'never_answered', answer.status);
    finished();
    return RESPONSE_ALREADY_SENT;
  }
  requests.close(entry, 'answered', answer.status);
  finishWhenGone();
  return json(answer, provider.headers());
}

async function receive(
  parts: ServerParts,
  operation: Operation,
  c: Context<Env>,
  effects: Effect[],
): Promise<Exchange> {
  const raw = await c.req.text();
  const query = new URL(c.req.url).searchParams;
  const headers = c.req.header();
  const body = parts.provider.parse(raw);
  const request = {
    operation: operation.name,
    method: c.req.method,
    path: c.req.path,
    params: c.req.param(),
  };
  const entry = parts.requests.open({
    ...request,
    query: Object.fromEntries(query),
    headers,
    body: body ?? raw,
  });
  return {
    ...request,
    query,
    headers,
    raw,
    body,
    entry,
    at: occasion(
      operation.name,
      `${request.method} ${request.path}`,
      { account: headers['stripe-account'], idempotency_key: headers['idempotency-key'] },
      Object.fromEntries(query),
      body,
      request.params,
    ),
    after: (effect) => effects.push(effect),
  };
}

/** The socket goes without an answer: the client sees a connection reset and cannot know whether we acted. */
function reset(outgoing: ServerResponse): Response {
  outgoing.socket?.resetAndDestroy();
  return RESPONSE_ALREADY_SENT;
}

/** A bug of the sandbox must not look like a misbehaving provider: it is kept in the request log. */
function defect(parts: ServerParts, exchange: Exchange, error: unknown): Answer {
  exchange.entry.defect = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return parts.provider.answerFor({ kind: 'status', status: 500 }, exchange);
}

export function json(answer: Answer, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify(answer.body), {
    status: answer.status,
    headers: { 'content-type': 'application/json', ...headers, ...answer.headers },
  });
}

/** Node’s five seconds are over just when a busy caller writes to the connection again, which it then loses. */
const IDLE_CONNECTION_MS = 60_000;

export interface Listening {
  port: number;
  url: string;
  close(): Promise<void>;
}

/** Loopback only: the controls are not protected. */
export async function listen(app: App, port: number): Promise<Listening> {
  const server = createAdaptorServer({ fetch: app.fetch, overrideGlobalObjects: false }) as Server;
  server.keepAliveTimeout = IDLE_CONNECTION_MS;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve());
  });
  const address = server.address() as AddressInfo;
  return {
    port: address.port,
    url: `http://127.0.0.1:${address.port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
