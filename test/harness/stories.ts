import { v7 as uuidv7 } from 'uuid';
import { expect } from 'vitest';
import { webhookEvents } from '../../db/webhooks/schema.ts';
import type { Answer } from './answers.ts';
import type { Person, World } from './world.ts';

// What many tests begin with, told once: each does it through the API and the PSP, and waits for the engine.

/** An order that the PSP knows and nobody has paid. */
export async function placedOrder(
  world: World,
  buyer: Person,
  productIds: readonly string[],
): Promise<string> {
  const body = { items: productIds.map((productId) => ({ product_id: productId })) };
  const answer = await repeated(
    (headers) => world.post(buyer, '/marketplace/orders', body, headers),
    ({ status }) => status !== 202,
  );
  expect(answer.status, JSON.stringify(answer.body)).toBe(201);
  return answer.body.order!.id;
}

/** A paid order whose transfers may still be on their way. */
export async function paidOrder(world: World, buyer: Person, productIds: readonly string[]): Promise<string> {
  const orderId = await placedOrder(world, buyer, productIds);
  world.psp.control.pay(orderId);
  await world.finished(`order/${orderId}`);
  return orderId;
}

/** A paid order whose sellers have their money. */
export async function completedOrder(world: World, buyer: Person, productIds: readonly string[]) {
  const orderId = await paidOrder(world, buyer, productIds);
  const transfers = await world.transfersOf(orderId);
  for (const transfer of transfers) await world.finished(`transfer/${transfer.id}`);
  return { orderId, transfers: await world.transfersOf(orderId) };
}

/** Asks for a refund and expects it opened. */
export async function openedRefund(
  world: World,
  person: Person,
  orderId: string,
  body: unknown = {},
  headers: Record<string, string> = {},
): Promise<string> {
  const answer = await repeated((key) =>
    world.post(person, `/marketplace/orders/${orderId}/refund`, body, { ...key, ...headers }),
  );
  expect(answer.status, JSON.stringify(answer.body)).toBe(202);
  return answer.body.refund!.id;
}

const REPEATED_FOR_MS = 60_000;

/**
 * Asks as a good client does: under one key, and again where nobody answered in time, or the answer is not whole yet. A machine
 * that stands still for half a minute is no defect of what a story begins with.
 */
async function repeated<A extends Answer<unknown>>(
  ask: (headers: { readonly 'Idempotency-Key': string }) => Promise<A>,
  isWhole: (answer: A) => boolean = () => true,
): Promise<A> {
  const key = { 'Idempotency-Key': uuidv7() };
  const untilMs = Date.now() + REPEATED_FOR_MS;
  for (;;) {
    const answer = await ask(key);
    if ((answer.status !== 503 && isWhole(answer)) || Date.now() > untilMs) return answer;
  }
}

/** A refund that went through all of its phases, with its reversals. */
export async function settledRefund(world: World, person: Person, orderId: string, body: unknown = {}) {
  const refundId = await openedRefund(world, person, orderId, body);
  await world.finished(`refund/${refundId}`);
  const reversals = await world.reversalsOf(refundId);
  for (const reversal of reversals) await world.finished(`reversal/${reversal.id}`);
  return { refundId, reversals: await world.reversalsOf(refundId) };
}

/** A signal that no provider sent: a hint, or what an operator asks for. */
export const signal = (world: World, workflowId: string, name: string, ...args: unknown[]) =>
  world.temporal.workflow.getHandle(workflowId).signal(name, ...args);

/** A webhook as the inbox keeps it, of a refund that nobody knows where a test says nothing else; its id. */
export async function storedWebhook(
  { database: { db } }: Pick<World, 'database'>,
  values: Partial<typeof webhookEvents.$inferInsert> = {},
): Promise<string> {
  const id = uuidv7();
  const body = JSON.stringify({ event_type: 'refund_succeeded', refund_id: uuidv7(), status: 'succeeded' });
  await db.insert(webhookEvents).values({
    ...{ id, provider: 'hyperswitch', eventId: id, type: 'refund_succeeded', body },
    ...values,
  });
  return id;
}
