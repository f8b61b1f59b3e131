import { z, ZodError } from 'zod';
import type { Deliverer } from './deliveries.ts';
import type { ActiveFault } from './faults.ts';
import type { RequestLog } from './requests.ts';
import { type App, json } from './server.ts';

/** A control that HTTP can call too: `POST /_sandbox/<name>` with its input as JSON. */
export interface Verb {
  summary: string;
  input: z.ZodType;
  call(input: unknown): Promise<unknown>;
}

export function verb<S extends z.ZodType>(
  summary: string,
  input: S,
  run: (input: z.output<S>) => unknown,
): Verb {
  return { summary, input, call: async (raw) => run(input.parse(raw)) };
}

export interface ControlParts {
  name: string;
  verbs: Record<string, Verb>;
  faultSchema: z.ZodType;
  faults: {
    add(fault: unknown): string;
    clear(id?: string): void;
    list(): readonly ActiveFault<unknown>[];
  };
  requests: RequestLog;
  deliverer: Deliverer;
  state(): object;
  onChange(): void;
}

const ROUTES = {
  'GET /_sandbox/state': 'all the books',
  'GET /_sandbox/requests?operation=': 'requests received, oldest first; DELETE empties the log',
  'GET /_sandbox/faults':
    'faults that are active; POST adds one, DELETE clears all, DELETE /_sandbox/faults/:id one',
  'GET /_sandbox/deliveries?state=&type=': 'webhooks: bytes, signatures, attempts, answers',
  'POST /_sandbox/deliveries/:eventId/redeliver': 'sends the same event again',
  'POST /_sandbox/deliveries/flush': 'delivers everything held, late, lost or waiting for a retry',
  'POST /_sandbox/deliveries/release': 'delivers what is held',
} as const;

export function controlRoutes(app: App, parts: ControlParts): void {
  const { deliverer, faults, requests } = parts;
  const ok = (body: object): Response => json({ status: 200, body });
  const jsonOf = async (request: { text(): Promise<string> }): Promise<unknown> =>
    JSON.parse((await request.text()) || '{}');
  const schemaOf = (schema: z.ZodType): unknown =>
    z.toJSONSchema(schema, { unrepresentable: 'any', io: 'input' });

  app.get('/_sandbox', () =>
    ok({
      sandbox: parts.name,
      routes: ROUTES,
      verbs: Object.fromEntries(
        Object.entries(parts.verbs).map(([name, v]) => [
          `POST /_sandbox/${name}`,
          { summary: v.summary, input: schemaOf(v.input) },
        ]),
      ),
      fault: schemaOf(parts.faultSchema),
    }),
  );
  app.get('/_sandbox/state', () => ok(parts.state()));
  app.get('/_sandbox/requests', (c) => ok({ requests: requests.list(c.req.query('operation')) }));
  app.delete('/_sandbox/requests', () => {
    requests.clear();
    return ok({ cleared: true });
  });
  app.get('/_sandbox/faults', () => ok({ faults: faults.list() }));
  app.post('/_sandbox/faults', (c) => answered(async () => ({ id: faults.add(await jsonOf(c.req)) })));
  app.delete('/_sandbox/faults/:id?', (c) => {
    faults.clear(c.req.param('id'));
    return ok({ faults: faults.list() });
  });
  app.get('/_sandbox/deliveries', (c) => {
    const { state, type } = c.req.query();
    const chosen = deliverer
      .list()
      .filter((d) => (state === undefined || d.state === state) && (type === undefined || d.type === type));
    return ok({ deliveries: chosen });
  });
  app.post('/_sandbox/deliveries/flush', () =>
    answered(async () => ({ deliveries: await deliverer.flush() })),
  );
  app.post('/_sandbox/deliveries/release', () =>
    answered(async () => ({ deliveries: await deliverer.release() })),
  );
  app.post('/_sandbox/deliveries/:eventId/redeliver', (c) =>
    answered(() => deliverer.redeliver(c.req.param('eventId'))),
  );
  app.post('/_sandbox/:verb', (c) =>
    answered(async () => {
      const named = parts.verbs[c.req.param('verb')];
      if (named === undefined) throw new Error(`no control ${c.req.param('verb')}; GET /_sandbox lists them`);
      const result = await named.call(await jsonOf(c.req));
      parts.onChange();
      return { result: result ?? null };
    }),
  );
}

async function answered(work: () => Promise<object>): Promise<Response> {
  try {
    return json({ status: 200, body: await work() });
  } catch (error) {
    const message = error instanceof ZodError ? z.prettifyError(error) : String(error);
    return json({ status: 400, body: { error: message } });
  }
}
