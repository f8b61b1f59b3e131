import { setTimeout as sleep } from 'node:timers/promises';
import type { Bench } from '../bench.ts';
import { startProduct, type Product } from '../sides/product.ts';
import { type Providers, startProviders } from '../sides/providers.ts';
import { onCompiledCode, startParts, temporalOf } from '../stack.ts';
import { connectNow, createClient } from '../../engine/connect.ts';
import type { EngineCost } from './cost.ts';
import { costsOfNaive } from './naive.ts';
import { costOfRefund, SOON } from './refund.ts';

/** Webhook and answer race, and a loser costs some events more: the cheapest of so many counts. */
const TRIES = 5;
const LOOK_EVERY_MS = 50;

interface Path {
  readonly name: string;
  readonly body?: object;
  readonly pspFailures?: number;
  readonly stripeFailures?: number;
}

const PATHS: readonly Path[] = [
  { name: 'whole, one reversal' },
  { name: 'partial, one reversal', body: { amount: 2_000 } },
  { name: 'the PSP fails twice', pspFailures: 2 },
  { name: 'the reversal fails three times', stripeFailures: 3 },
];

/**
 * Events, workflow tasks and billable actions of a refund by its path, beside those of the naive design. They are counts:
 * a test holds the product's (test/marketplace/history.test.ts).
 */
export const history: Bench = ({ rounds: tries = TRIES, say }) =>
  onCompiledCode(async (closers) => {
    const parts = await startParts(closers);
    const providers = await startProviders(['veza'], closers, say);
    const product = await startProduct(parts, providers, closers, say, SOON);
    const settings = temporalOf(parts.temporal);
    const connection = await connectNow(settings);
    closers.push(() => connection.close());
    const client = createClient(connection, settings);
    const naive = await costsOfNaive(
      client,
      parts.temporal.address,
      PATHS.map(({ name, pspFailures = 0, stripeFailures = 0 }) => ({
        id: name,
        pspFailures,
        stripeFailures,
      })),
    );
    const paths = [];
    for (const path of PATHS) {
      const costs: EngineCost[] = [];
      for (let turn = 0; turn < tries; turn += 1) costs.push(await costOfOne(product, providers, path));
      const veza = costs.toSorted((a, b) => a.events - b.events)[0]!;
      const beside = naive.get(path.name)!;
      say(`${path.name}: ${told(veza)}; the naive design ${told(beside)}`);
      paths.push({ path: path.name, veza, naive: beside });
    }
    return { paths };
  });

const told = ({ events, workflowTasks, actions }: EngineCost) =>
  `${events} events, ${workflowTasks} workflow tasks, ${actions} actions`;

async function costOfOne(
  product: Product,
  providers: Providers,
  { body = {}, pspFailures = 0, stripeFailures = 0 }: Path,
): Promise<EngineCost> {
  const [order] = await product.prepare(1);
  const fail = async (url: string, match: string, where: object, times: number) => {
    const fault = { kind: 'status', status: 503, match, where, times };
    if (times > 0) await providers.control(url, 'faults', fault);
  };
  const [transfer] = await product.database.sql<{ id: string }[]>`
    SELECT stripe_transfer_id AS id FROM seller_transfers WHERE order_id = ${order!.id}`;
  await fail(product.pspUrl, 'refunds.create', { payment_id: order!.id }, pspFailures);
  await fail(providers.stripeUrl, 'transfers.createReversal', { id: transfer!.id }, stripeFailures);
  if ((await product.ask(order!, body)) !== 'accepted') throw new Error('the refund was refused');
  const rows = () => product.database.sql<{ refund: string; reversal: string }[]>`
    SELECT r.id AS refund, v.id AS reversal FROM refunds r JOIN transfer_reversals v ON v.refund_id = r.id
    WHERE r.order_id = ${order!.id} AND v.status = 'reversed'`;
  let [ended] = await rows();
  for (; ended === undefined; [ended] = await rows()) await sleep(LOOK_EVERY_MS);
  return costOfRefund(product.client, { refundId: ended.refund, reversalId: ended.reversal, pspFailures });
}
