import { openWithSql } from '../../sandbox/database.ts';
import { setUp, Supervised } from '../../sandbox/cli/veza.ts';
import { connectNow, createClient } from '../../engine/connect.ts';
import { freePort, startNode } from '../../stack/index.ts';
import { type Closers, compiled, environmentOf, type Parts, temporalOf, warnings } from '../stack.ts';
import { type OrderClones, cloneOrders } from './clones.ts';
import { openShops, sellOne, type Shop } from './shops.ts';
import { inParallel } from './parallel.ts';
import { payAt, type Providers, transferAt } from './providers.ts';
import type { Answer, PaidOrder, Side } from './side.ts';

/** So many buyers and sellers at a time: of one seller's money, one refund after the other is booked. */
const SHOPS = 25;
/** Who buys while the process is cold must not wait behind many others. */
const BUYING_AT_ONCE = 4;

export interface Product extends Side {
  readonly apiUrl: string;
  readonly pspUrl: string;
  readonly database: ReturnType<typeof openWithSql>;
  readonly client: ReturnType<typeof createClient>;
  readonly worker: Supervised;
  readonly shops: readonly Shop[];
  /** Asks for a refund of the whole, or of what the body says. */
  ask(order: PaidOrder, body?: object): Promise<Answer>;
  /** The same behind another process of the API, with other settings. */
  beside(name: string, settings: Readonly<Record<string, string>>): Promise<Side>;
}

/** Veza as it is deployed: compiled, API and worker in processes of their own. */
export async function startProduct(
  { postgres, temporal }: Parts,
  providers: Providers,
  closers: Closers,
  say: (line: string) => void,
  settings: Readonly<Record<string, string>> = {},
): Promise<Product> {
  const databaseUrl = await postgres.createDatabase('veza');
  await setUp(
    { databaseUrl, temporalAddress: temporal.address, temporalNamespace: temporal.namespace },
    { RECONCILE_INTERVAL: '1d' },
  );
  const pspUrl = providers.pspUrl('veza');
  const apiUrl = `http://127.0.0.1:${providers.webhookPort('veza')}`;
  const env = {
    ...environmentOf(temporal, databaseUrl),
    HYPERSWITCH_BASE_URL: pspUrl,
    STRIPE_API_BASE: providers.stripeUrl,
    // The bench's people ask more often than people do, and its Stripe has no limit but the one that a bench sets.
    RATE_LIMIT_BEARER: '1000000',
    RATE_LIMIT_ANONYMOUS: '1000000',
    OPEN_ORDERS_MAX: '1000000',
    STRIPE_MAX_RPS: '10000',
    // What is refused under load is counted by whoever asks.
    LOG_LEVEL: 'error',
    PORT: String(providers.webhookPort('veza')),
    ...settings,
  };
  const run = (name: string, more: Readonly<Record<string, string>> = {}) =>
    new Supervised(
      () =>
        startNode({ name, script: compiled(`${name}.js`), env: { ...env, ...more }, onLine: warnings(say) }),
      say,
    );
  const worker = run('worker');
  closers.push(() => worker.stop());
  const api = run('server');
  closers.push(() => api.stop());
  await worker.ready;
  await isReady(apiUrl);

  const database = openWithSql(databaseUrl, { maxConnections: 4 });
  closers.push(() => database.close());
  const engine = temporalOf(temporal);
  const connection = await connectNow(engine);
  closers.push(() => connection.close());
  const client = createClient(connection, engine);
  const shops = await openShops(database.db, SHOPS);
  await providers.control(pspUrl, 'setAutoPay', { isOn: true });
  const sold = new Map<string, Shop>();
  await inParallel(
    shops,
    async (shop) => sold.set(await sellOne(apiUrl, database, shop), shop),
    BUYING_AT_ONCE,
  );
  await providers.control(pspUrl, 'setAutoPay', { isOn: false });
  say(`${sold.size} orders went through the API; the others are copies of them`);

  let copies = 0;
  const pids = () => ({ api: api.pid, worker: worker.pid, engine: temporal.pid, database: postgres.pid });
  const product: Product = {
    name: 'veza',
    apiUrl,
    pspUrl,
    database,
    client,
    worker,
    shops,
    pids,
    prepare: async (count) => {
      const each = Math.ceil(count / sold.size);
      const clones: OrderClones = await cloneOrders(database, [...sold.keys()], copies, each);
      copies += each;
      const wanted = clones.slice(0, count);
      await inParallel(wanted, async ({ orderId, transferId, accountId, amountMinor, sentMinor }) => {
        await payAt(providers, pspUrl, orderId, amountMinor);
        const stripeId = await transferAt(providers, accountId, sentMinor);
        await database.sql`UPDATE seller_transfers SET stripe_transfer_id = ${stripeId} WHERE id = ${transferId}`;
      });
      return wanted.map(({ orderId, soldId }) => ({ id: orderId, token: sold.get(soldId)!.buyerToken }));
    },
    ask: (order, body = {}) => askForRefund(apiUrl, order, body),
    ended: async (orderIds) => {
      const rows = await database.sql<{ order_id: string }[]>`
        SELECT r.order_id FROM refunds r JOIN transfer_reversals v ON v.refund_id = r.id
        WHERE r.order_id = ANY(${orderIds}::uuid[]) AND r.status = 'succeeded' AND v.status = 'reversed'`;
      return rows.map((row) => row.order_id);
    },
    abandon: async (orders) => {
      const rows = await database.sql<{ id: string }[]>`
        SELECT id FROM refunds WHERE status = 'pending' AND order_id = ANY(${orders.map(({ id }) => id)}::uuid[])`;
      await inParallel(rows, ({ id }) =>
        client.workflow.getHandle(`refund/${id}`).terminate('the bench is done with it'),
      );
    },
    beside: async (name, more) => {
      const port = await freePort();
      const other = run('server', { ...more, PORT: String(port) });
      closers.push(() => other.stop());
      const url = `http://127.0.0.1:${port}`;
      await isReady(url);
      return {
        ...product,
        name,
        pids: () => ({ ...pids(), api: other.pid }),
        ask: (order) => askForRefund(url, order, {}),
      };
    },
  };
  return product;
}

async function askForRefund(apiUrl: string, { id, token }: PaidOrder, body: object): Promise<Answer> {
  const answer = await fetch(`${apiUrl}/api/v1/marketplace/orders/${id}/refund`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const text = await answer.text();
  // Of a repeat: the call before it was cut off, and its refund is open or already over.
  const isOpen = /refund_already_requested|order_not_refundable/.test(text);
  if (answer.status === 202 || isOpen) return 'accepted';
  if (answer.status !== 429 && answer.status !== 503) throw new Error(`${answer.status}: ${text}`);
  const after = answer.headers.get('retry-after');
  return { status: answer.status, retryAfterMs: after === null ? null : Number(after) * 1_000 };
}

async function isReady(apiUrl: string): Promise<void> {
  const untilMs = Date.now() + 60_000;
  for (;;) {
    const answer = await fetch(`${apiUrl}/ready`).catch(() => null);
    await answer?.arrayBuffer();
    if (answer?.ok) return;
    if (Date.now() > untilMs) throw new Error(`the API at ${apiUrl} is not ready`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
