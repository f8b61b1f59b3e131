import { createHmac, randomUUID } from 'node:crypto';
import type { Bench } from '../bench.ts';
import { type Product, startProduct } from '../sides/product.ts';
import { startProviders } from '../sides/providers.ts';
import { onCompiledCode, SECRETS, startParts } from '../stack.ts';
import { type Case, compareCalls } from './compare.ts';
import { type Call, send } from './hammer.ts';
import { startBare } from './start-bare.ts';

const ROUNDS = 5;
const UNITS = 1_000;
const CONCURRENCY = 32;

/**
 * Signed webhooks of the PSP, beside a bare handler that verifies the signature and inserts one row; of first
 * deliveries, one that also sends a signal. No worker runs: what is measured is taking in, not what follows.
 */
export const webhook: Bench = ({
  rounds = ROUNDS,
  rows: [concurrency = CONCURRENCY] = [],
  part: units = UNITS,
  say,
}) =>
  onCompiledCode(async (closers) => {
    const parts = await startParts(closers);
    const providers = await startProviders(['veza'], closers, say);
    const product = await startProduct(parts, providers, closers, say);
    const bare = await startBare(parts, closers, say);
    await product.worker.stop();
    const ourUrl = `${product.apiUrl}/api/v1/webhooks/hyperswitch`;
    const [refundId] = await openRefunds(product, 1);
    const signalled = event(refundId!);
    const unmatched = event(randomUUID());
    const times = (body: string, signature?: string) => (url: string) => (count: number) =>
      Array<Call>(count).fill(delivery(url, body, signature));
    const unknown = (url: string) => (count: number) =>
      Array.from({ length: count }, () => delivery(url, event(randomUUID())));
    const both = (
      name: string,
      status: number,
      make: (url: string) => (count: number) => readonly Call[],
    ): Case => ({
      ...{ name, status, concurrency, units },
      veza: { pids: pidsOf(product), calls: make(ourUrl) },
      bare: { pids: bare.pids, calls: make(`${bare.url}/webhooks/kept`) },
    });
    for (const url of [ourUrl, `${bare.url}/webhooks/kept`]) {
      for (const repeated of [signalled, unmatched]) await send(delivery(url, repeated));
    }
    const points = [
      await compareCalls(both('duplicate', 200, times(signalled)), { rounds, say }),
      // Each time it is looked for again.
      await compareCalls(both('duplicate of an unknown one', 200, times(unmatched)), { rounds, say }),
      await compareCalls(both('unknown', 200, unknown), { rounds, say }),
      await compareCalls(both('bad signature', 401, times(signalled, '0'.repeat(128))), { rounds, say }),
    ];
    const first: Case = {
      ...{ name: 'first delivery', status: 200, concurrency, units: Math.ceil(units / 2) },
      veza: {
        pids: pidsOf(product),
        calls: async (count) => (await openRefunds(product, count)).map((id) => delivery(ourUrl, event(id))),
      },
      bare: { pids: bare.pids, calls: unknown(`${bare.url}/webhooks/signalled`) },
    };
    points.push(await compareCalls(first, { rounds, say }));
    return { points };
  });

/** Without the worker, which is stopped. */
const pidsOf = (product: Product) => () => {
  const { worker: _stopped, ...others } = product.pids();
  return others;
};

const event = (refundId: string) =>
  JSON.stringify({
    merchant_id: 'bench',
    event_id: `evt_${randomUUID()}`,
    event_type: 'refund_succeeded',
    content: {
      type: 'refund_details',
      object: {
        ...{
          refund_id: refundId,
          payment_id: randomUUID(),
          status: 'succeeded',
          amount: 10_000,
          currency: 'EUR',
        },
        updated_at: new Date().toISOString(),
      },
    },
    timestamp: new Date().toISOString(),
  });

const delivery = (url: string, body: string, signature?: string): Call => ({
  method: 'POST',
  url,
  headers: {
    'content-type': 'application/json',
    'x-webhook-signature-512':
      signature ?? createHmac('sha512', SECRETS.HYPERSWITCH_WEBHOOK_SECRET).update(body).digest('hex'),
  },
  body,
});

/** Refunds that wait for their first webhook; their workflows start with its signal. */
async function openRefunds({ database }: Product, count: number): Promise<readonly string[]> {
  const rows = await database.sql<{ id: string }[]>`
    WITH sold AS (
      INSERT INTO orders (id, buyer_id, total_minor, currency, captured_minor, captured_currency, status, completed_at)
      SELECT gen_random_uuid(), (SELECT buyer_id FROM orders LIMIT 1), 10000, 'EUR', 10000, 'EUR', 'refund_pending', now()
      FROM generate_series(1, ${count}::int) RETURNING id
    ), asked AS (SELECT id AS order_id, gen_random_uuid() AS id FROM sold)
    INSERT INTO refunds (id, order_id, amount_minor, currency, status, hyperswitch_refund_id)
    SELECT id, order_id, 10000, 'EUR', 'pending', id::text FROM asked RETURNING id`;
  return rows.map(({ id }) => id);
}
