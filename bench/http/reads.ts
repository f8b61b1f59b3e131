import type { Bench } from '../bench.ts';
import { Ends } from '../measure/load.ts';
import { startProduct } from '../sides/product.ts';
import { startProviders } from '../sides/providers.ts';
import { onCompiledCode, startParts } from '../stack.ts';
import { compareCalls } from './compare.ts';
import { type Call, send } from './hammer.ts';
import { startBare } from './start-bare.ts';

const ROUNDS = 5;
const UNITS = 2_000;
const CONCURRENCIES = [1, 32, 200];

/** `GET` of an order and of its refund, beside a bare handler that checks the same token and sends the same bytes. */
export const reads: Bench = ({
  rounds = ROUNDS,
  rows: concurrencies = CONCURRENCIES,
  part: units = UNITS,
  say,
}) =>
  onCompiledCode(async (closers) => {
    const parts = await startParts(closers);
    const providers = await startProviders(['veza'], closers, say);
    const product = await startProduct(parts, providers, closers, say);
    const bare = await startBare(parts, closers, say);
    const [order] = await product.prepare(1);
    if (order === undefined) throw new Error('there is no order to read');
    const ends = new Ends(product);
    await product.ask(order);
    await ends.of(order.id);
    await ends.stop();
    const [refund] = await product.database.sql<{ id: string }[]>`
      SELECT id FROM refunds WHERE order_id = ${order.id}`;
    const subjects = [
      { name: 'order', id: order.id, path: `/marketplace/orders/${order.id}` },
      { name: 'refund', id: refund!.id, path: `/marketplace/refunds/${refund!.id}` },
    ];
    const headers = { authorization: `Bearer ${order.token}` };
    const points = [];
    for (const { name, id, path } of subjects) {
      const ours: Call = { method: 'GET', url: `${product.apiUrl}/api/v1${path}`, headers };
      const { status, text: body } = await send(ours);
      if (status !== 200) throw new Error(`${path} answered ${status}: ${body}`);
      await bare.sql`INSERT INTO bare_bodies (id, body) VALUES (${id}, ${body})`;
      const theirs: Call = { method: 'GET', url: `${bare.url}/bodies/${id}`, headers };
      const of = (call: Call) => (count: number) => Array<Call>(count).fill(call);
      for (const concurrency of concurrencies) {
        const compared = {
          ...{ name, concurrency, status: 200, units: concurrency === 1 ? Math.ceil(units / 5) : units },
          veza: { pids: product.pids, calls: of(ours) },
          bare: { pids: bare.pids, calls: of(theirs) },
        };
        points.push(await compareCalls(compared, { rounds, say }));
      }
    }
    return { points };
  });
