import { createHmac } from 'node:crypto';
import { and, eq } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { expect } from 'vitest';
import { readConfig } from '../../config.ts';
import { webhookEvents, type WebhookProvider } from '../../db/webhooks/schema.ts';
import { createLogger } from '../../log.ts';
import { stripeSignature } from '../../stand-ins/stripe/books.ts';
import { type RunningServer, startServer } from '../../server.ts';
import { adopted } from '../harness/wait.ts';
import { openShop, type Shop } from '../harness/shop.ts';
import { completedOrder, openedRefund } from '../harness/stories.ts';
import type { Answer, BodyOf } from '../harness/answers.ts';
import type { World } from '../harness/world.ts';

/** Nothing listens on port 1. */
export const CLOSED_ADDRESS = '127.0.0.1:1';

type Bytes = string | Uint8Array<ArrayBuffer>;

export function hyperswitchSignature(body: Bytes, secret: string): Record<string, string> {
  return { 'x-webhook-signature-512': createHmac('sha512', secret).update(body).digest('hex') };
}

/** The headers by which the provider vouches for these bytes. */
export function signed(world: World, provider: WebhookProvider, body: Bytes): Record<string, string> {
  if (provider === 'hyperswitch') {
    return hyperswitchSignature(body, world.env['HYPERSWITCH_WEBHOOK_SECRET']!);
  }
  const text = typeof body === 'string' ? body : new TextDecoder().decode(body);
  return { 'stripe-signature': stripeSignature(text, world.env['STRIPE_WEBHOOK_SECRET']!) };
}

export interface Delivering {
  /** Instead of a good signature. */
  readonly headers?: Record<string, string>;
  /** Of another API process than the world's own. */
  readonly apiUrl?: string;
}

type Receiver = `/webhooks/${WebhookProvider}`;

/** Delivers a webhook over HTTP as its provider would: an event as JSON, text and bytes as they are. */
export async function deliver(
  world: World,
  provider: WebhookProvider,
  event: object | Bytes,
  { headers, apiUrl = world.apiUrl }: Delivering = {},
): Promise<Answer<BodyOf<'POST', Receiver>>> {
  const body = typeof event === 'string' || event instanceof Uint8Array ? event : JSON.stringify(event);
  const response = await fetch(`${apiUrl}/api/v1/webhooks/${provider}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(headers ?? signed(world, provider, body)) },
    body,
  });
  return {
    status: response.status,
    headers: response.headers,
    body: (await response.json()) as BodyOf<'POST', Receiver>,
  };
}

/** Delivers and expects it taken in with this outcome. */
export async function taken(
  world: World,
  provider: WebhookProvider,
  event: object | Bytes,
  outcome: string,
  delivering?: Delivering,
): Promise<void> {
  const answer = await deliver(world, provider, event, delivering);
  expect(answer.status, JSON.stringify(answer.body)).toBe(200);
  expect(answer.body).toEqual({ received: true, outcome });
}

export const newEventId = () => `evt_${uuidv7().replaceAll('-', '')}`;

/** What the inbox keeps of an event; null where it keeps nothing. */
export async function stored({ database: { db } }: World, provider: WebhookProvider, eventId: string) {
  const [row] = await db
    .select()
    .from(webhookEvents)
    .where(and(eq(webhookEvents.provider, provider), eq(webhookEvents.eventId, eventId)));
  return row ?? null;
}

export async function storedCount({ database: { db } }: World): Promise<number> {
  return db.$count(webhookEvents);
}

/** Ids of one workflow's runs: a webhook that starts one shows here. */
export async function runIds(world: World, workflowId: string): Promise<string> {
  return (await world.temporal.workflow.getHandle(workflowId).describe()).runId;
}

/** Another API process on the same database, with its own environment and its log in sight. */
export async function anotherApi(
  world: World,
  env: Record<string, string>,
): Promise<RunningServer & { readonly logLines: string[] }> {
  const logLines: string[] = [];
  const log = createLogger('info', { write: (line) => void logLines.push(line) });
  const server = await startServer(readConfig({ ...world.env, ...env }), { log });
  return { ...server, logLines };
}

export interface WaitingRefund {
  readonly shop: Shop;
  readonly orderId: string;
  readonly refundId: string;
}

/** A full refund of a completed order that the PSP has accepted and says nothing of; wants refund mode `manual`. */
export async function waitingRefund(world: World): Promise<WaitingRefund> {
  const shop = await openShop(world);
  const { orderId } = await completedOrder(world, shop.buyer, shop.productIds);
  const refundId = await openedRefund(world, shop.buyer, orderId);
  await adopted(world, refundId);
  return { shop, orderId, refundId };
}

/** A refund's workflow and those of its reversals have ended. */
export async function refundEnded(world: World, refundId: string) {
  await world.finished(`refund/${refundId}`);
  for (const { id } of await world.reversalsOf(refundId)) await world.finished(`reversal/${id}`);
  return world.refund(refundId);
}

/** An order's workflow and those of its transfers have ended. */
export async function orderEnded(world: World, orderId: string) {
  await world.finished(`order/${orderId}`);
  for (const { id } of await world.transfersOf(orderId)) await world.finished(`transfer/${id}`);
  return world.order(orderId);
}

/** An event as Hyperswitch sends it today. */
export const realEvent = (
  type: string,
  contentType: 'payment_details' | 'refund_details',
  object: object,
  eventId = newEventId(),
) => ({
  merchant_id: 'merchant_1',
  event_id: eventId,
  event_type: type,
  content: { type: contentType, object },
  timestamp: new Date().toISOString(),
});
