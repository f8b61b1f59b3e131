import { z } from '@hono/zod-openapi';
import type { Logger } from '../log.ts';
import { WEBHOOK_OUTCOMES } from '../db/schema/operations.ts';
import { VezaError } from '../domain/errors.ts';

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
  'payload_too_large',
] as const;

export function refuseSignature(log: Logger, provider: string): never {
  log.warn({ provider, event: 'webhook_signature_refused' }, 'webhook with a bad or missing signature');
  throw new VezaError(
    'signature_invalid',
    'The signature is missing, or not one of these bytes by a secret we know.',
  );
}
