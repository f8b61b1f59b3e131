import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { WEBHOOK_OUTCOMES, type WebhookProvider } from '../../db/webhooks/schema.ts';
import { VezaError } from '../../domain/errors.ts';
import type { Received } from '../../inbox/receive.ts';
import type { ApiEnv } from '../context.ts';

/** The answer to a webhook that was taken in. */
export const WebhookReceipt = z
  .object({ received: z.literal(true), outcome: z.enum(WEBHOOK_OUTCOMES) })
  .openapi('WebhookReceipt');

/** The raw bytes are what is signed, so no schema touches them before they are verified. */
export const SignedBody = {
  content: { 'application/json': { schema: { type: 'object' as const } } },
  required: true,
};

export const WEBHOOK_FAILS = [
  'signature_invalid',
  'malformed_json',
  'webhook_malformed',
  'body_too_slow',
  'payload_too_large',
  'overloaded',
] as const;

export function refuseSignature(c: Context<ApiEnv>, provider: WebhookProvider): never {
  c.var.deps.observer.webhook(provider, 'signature_refused');
  c.var.log.warn({ provider, event: 'webhook_signature_refused' }, 'webhook with a bad or missing signature');
  throw new VezaError(
    'signature_invalid',
    'The signature is missing, or not one of these bytes by a secret we know.',
  );
}

/** Takes a verified webhook in, and counts what became of it. Throws what `receive` throws. */
export async function takeIn(
  c: Context<ApiEnv>,
  provider: WebhookProvider,
  receive: () => Promise<Received>,
): Promise<Received> {
  const { observer } = c.var.deps;
  try {
    const received = await receive();
    observer.webhook(provider, received.outcome);
    return received;
  } catch (error) {
    const isMalformed = error instanceof VezaError && MALFORMED.has(error.code);
    observer.webhook(provider, isMalformed ? 'malformed' : 'not_dispatched');
    throw error;
  }
}

const MALFORMED: ReadonlySet<string> = new Set(['malformed_json', 'webhook_malformed']);
