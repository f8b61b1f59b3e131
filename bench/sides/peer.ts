import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import postgres from 'postgres';
import { startNode } from '../../stack/index.ts';
import { TABLES } from '../peers/books.ts';
import { type Closers, type Parts, SECRETS, warnings } from '../stack.ts';
import { inParallel } from './parallel.ts';
import { payAt, type Providers, transferAt } from './providers.ts';
import type { Side } from './side.ts';

export const PEERS = ['graphile-worker', 'dbos', 'restate'] as const;
export type PeerName = (typeof PEERS)[number];

const SELLERS = 25;
const PRICE_MINOR = 10_000;
const SHARE_MINOR = 9_000;
const folder = fileURLToPath(new URL('../peers/', import.meta.url));

/** The peers have a package.json of their own, so that the product installs none of them. */
export function installPeers(say: (line: string) => void): void {
  const changedMs = (file: string) => statSync(join(folder, file), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (changedMs('node_modules/.package-lock.json') >= changedMs('package-lock.json')) return;
  say('installing what Veza is compared with (bench/peers)');
  execFileSync('npm', ['ci', '--ignore-scripts'], { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });
}

/** A peer in a process of its own, with a database of its own on the same PostgreSQL. */
export async function startPeer(
  name: PeerName,
  { postgres: server }: Pick<Parts, 'postgres'>,
  providers: Providers,
  closers: Closers,
  say: (line: string) => void,
): Promise<Side> {
  const databaseUrl = await server.createDatabase(`peer_${name.replace('-', '_')}`);
  const sql = postgres(databaseUrl, { max: 2, onnotice: () => undefined });
  closers.push(() => sql.end());
  await sql.unsafe(TABLES);
  const sellers = Array.from({ length: SELLERS }, () => randomUUID());
  await sql`INSERT INTO balances (seller_id, available_minor) SELECT id, 0 FROM unnest(${sellers}::uuid[]) AS id`;
  const pspUrl = providers.pspUrl(name);
  const port = providers.webhookPort(name);
  const env = {
    PATH: process.env['PATH'] ?? '',
    HOME: process.env['HOME'] ?? '',
    NODE_ENV: 'production',
    ...SECRETS,
    PORT: String(port),
    DATABASE_URL: databaseUrl,
    HYPERSWITCH_BASE_URL: pspUrl,
    STRIPE_API_BASE: providers.stripeUrl,
  };
  const script = join(folder, `${name}.ts`);
  const running = startNode({ name, script, env, onLine: warnings(say) });
  closers.push(() => running.stop());
  await running.ready;
  return {
    name,
    pids: () => ({ worker: running.pid, database: server.pid }),
    prepare: async (count) => {
      const orders = Array.from({ length: count }, (_, index) => ({
        id: randomUUID(),
        seller: index % SELLERS,
      }));
      const transfers = new Map<string, string>();
      await inParallel(orders, async ({ id, seller }) => {
        await payAt(providers, pspUrl, id, PRICE_MINOR);
        transfers.set(
          id,
          await transferAt(providers, `acct_bench${String(seller).padStart(6, '0')}`, SHARE_MINOR),
        );
      });
      const rows = orders.map(({ id, seller }) => ({
        ...{ id, seller_id: sellers[seller]!, total_minor: PRICE_MINOR },
        transfer: transfers.get(id)!,
      }));
      await sql.begin(async (tx) => {
        await tx`INSERT INTO orders ${tx(rows, 'id', 'seller_id', 'total_minor')}`;
        await tx`INSERT INTO licenses (order_id) SELECT id FROM unnest(${rows.map(({ id }) => id)}::uuid[]) AS id`;
        const sent = rows.map(({ id, transfer }) => ({
          ...{ order_id: id, stripe_transfer_id: transfer, amount_minor: SHARE_MINOR },
        }));
        await tx`INSERT INTO transfers ${tx(sent)}`;
        await tx`UPDATE balances SET available_minor = available_minor + ${SHARE_MINOR * Math.ceil(count / SELLERS)}`;
      });
      return rows.map(({ id }) => ({ id, token: '' }));
    },
    ask: async ({ id }) => {
      const answer = await fetch(`http://127.0.0.1:${port}/orders/${id}/refund`, { method: 'POST' });
      const text = await answer.text();
      if (answer.status === 202) return 'accepted';
      throw new Error(`${name} answered ${answer.status}: ${text}`);
    },
    ended: async (orderIds) => {
      const rows = await sql<{ order_id: string }[]>`
        SELECT r.order_id FROM refunds r JOIN reversals v ON v.refund_id = r.id
        WHERE r.order_id = ANY(${orderIds}::uuid[]) AND r.status = 'succeeded' AND v.status = 'completed'`;
      return rows.map((row) => row.order_id);
    },
    // What waits for its webhook costs these peers nothing.
    abandon: () => Promise.resolve(),
  };
}
