import { expect } from 'vitest';
import type { Phase, PhaseReport } from '../../domain/reconcile/reconcile.ts';
import { keepPlatformSetting } from '../../db/kernel/platform-setting.ts';
import { adopted, attempted } from '../harness/wait.ts';
import { openShop, type Shop } from '../harness/shop.ts';
import { completedOrder, openedRefund } from '../harness/stories.ts';
import { World } from '../harness/world.ts';

/** A world whose rows know their Temporal, as `npm run temporal:setup` leaves it. */
export async function createWorld(env: Readonly<Record<string, string>> = {}): Promise<World> {
  const world = await World.create({ env });
  await keepPlatformSetting(world.database.db, 'temporal_namespace_id', await world.engine.namespaceId());
  return world;
}

export interface Swept {
  readonly workflow_id: string;
  readonly started_at: string;
  readonly off: string | null;
  readonly engine_rebuilt: boolean;
  readonly report: Readonly<Partial<Record<Phase, PhaseReport>>>;
}

/** One sweep, as an admin asks for it, over the API. */
export async function sweep(
  world: World,
  { admin }: Pick<Shop, 'admin'>,
  ...phases: Phase[]
): Promise<Swept> {
  const answer = await world.post(admin, '/admin/reconcile', phases.length > 0 ? { phases } : undefined);
  expect(answer.status, JSON.stringify(answer.body)).toBe(200);
  return answer.body as unknown as Swept;
}

type Aged = 'orders' | 'refunds' | 'seller_transfers' | 'transfer_reversals' | 'seller_payouts';

/** The row has been there for so long. */
export async function age(
  { database: { sql } }: World,
  table: Aged,
  id: string,
  by = '1 hour',
): Promise<void> {
  await sql`UPDATE ${sql(table)} SET created_at = created_at - ${by}::interval WHERE id = ${id}`;
}

/** The sweep that first missed the orphan was so long ago. */
export async function ageMiss({ database: { sql } }: World, refundId: string): Promise<void> {
  await sql`UPDATE refunds SET orphan_missed_at = orphan_missed_at - interval '11 minutes' WHERE id = ${refundId}`;
}

export const terminate = (world: World, workflowId: string) =>
  world.temporal.workflow.getHandle(workflowId).terminate('by hand, in a test');

/** What all looks of a phase came to. */
export const counts = (swept: Swept, phase: Phase) => swept.report[phase];
export const one = (what: 'synced' | 'left' | 'failed', why: string): PhaseReport => ({
  seen: 1,
  synced: 0,
  left: 0,
  failed: 0,
  [what]: 1,
  why: { [why]: 1 },
});
export const NONE: PhaseReport = { seen: 0, synced: 0, left: 0, failed: 0, why: {} };

/** A refund that the PSP has and has not settled, an hour old. */
export async function stuckRefund(world: World, shop?: Shop) {
  const known = shop ?? (await openShop(world));
  const { orderId } = await completedOrder(world, known.buyer, known.productIds);
  const refundId = await openedRefund(world, known.buyer, orderId);
  await adopted(world, refundId);
  await age(world, 'refunds', refundId);
  return { shop: known, orderId, refundId };
}

/** Of worlds with orphans: nobody asks the PSP a second time before the test is over. */
export const ASKED_ONCE = { PSP_RETRY_BASE: '1m', PSP_RETRY_MAX: '1m' };

/** A refund whose call never reached the PSP, an hour old; its workflow waits to ask again. */
export async function orphanRefund(world: World, shop?: Shop) {
  const known = shop ?? (await openShop(world));
  const { orderId } = await completedOrder(world, known.buyer, known.productIds);
  const fault = world.psp.control.addFault({
    kind: 'dropBefore',
    match: 'refunds.create',
    where: { payment_id: orderId },
    times: 'always',
  });
  const refundId = await openedRefund(world, known.buyer, orderId);
  // Between two attempts: one that is underway when its workflow is terminated may still land.
  await attempted(world, `refund/${refundId}`, 2);
  await age(world, 'refunds', refundId);
  return { shop: known, orderId, refundId, heal: () => world.psp.control.clearFaults(fault) };
}

/** What a test leaves stuck is no longer stuck for the next one. */
export async function retire({ database: { sql }, psp }: World): Promise<void> {
  psp.control.clearFaults();
  await sql`UPDATE orders SET created_at = now() WHERE status = 'pending'`;
  await sql`UPDATE refunds SET created_at = now() WHERE status = 'pending'`;
  await sql`UPDATE webhook_events SET received_at = now(), outcome = 'ignored', processed_at = now()`;
}

/** The PSP has the refund after all: a request that was thought lost has landed. */
export async function landedAtThePsp(
  world: World,
  { id: refundId, orderId, amountMinor }: { id: string; orderId: string; amountMinor: number },
): Promise<void> {
  const answer = await fetch(`${world.psp.url}/refunds`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'api-key': world.config.HYPERSWITCH_API_KEY },
    body: JSON.stringify({ refund_id: refundId, payment_id: orderId, amount: amountMinor }),
  });
  expect(answer.status).toBe(200);
}
