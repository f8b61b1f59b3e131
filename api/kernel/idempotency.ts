import { createHash } from 'node:crypto';
import { z } from '@hono/zod-openapi';
import { v5 as uuidv5, v7 as uuidv7 } from 'uuid';
import { VezaError } from '../../domain/errors.ts';
import type { IdempotencyKey } from '../../domain/kernel/messages.ts';

/** A namespace of our own, so that ids derived here never equal others. */
const NAMESPACE = '6f0c2d51-8a55-4c0e-9a77-2f1f3f6f5a10';

/** `readIdempotency` checks the header, under its own code; here it is only for the document. */
export const IdempotencyHeaders = z.object({
  'Idempotency-Key': z.string().optional().openapi({
    description:
      'Makes the call repeatable: the same key and body give the same answer. 1 to 255 visible ASCII characters.',
    example: 'b1f6a0de-5b0e-4f0b-8f57-0d3b6f2d7f11',
  }),
});

/** The call's idempotency, where the client gave a key. `scope` names the caller, the route and the subject. */
export function readIdempotency(
  key: string | undefined,
  scope: string,
  body: unknown,
): IdempotencyKey | undefined {
  if (key === undefined) return undefined;
  if (!/^[\x21-\x7e]{1,255}$/.test(key)) {
    throw new VezaError(
      'idempotency_key_invalid',
      'An Idempotency-Key has 1 to 255 visible ASCII characters.',
    );
  }
  return { scope, key, bodyHash: hashBody(body) };
}

/**
 * The id of what a call creates: derived from its key, so that a repeat names the same thing; without a key, a new
 * id.
 */
export function idFor(idempotency: IdempotencyKey | undefined): string {
  return idempotency ? uuidv5(JSON.stringify([idempotency.scope, idempotency.key]), NAMESPACE) : uuidv7();
}

/** Throws where a key comes again with another body. A stored hash of null is not compared. */
export function assertSameBody(idempotency: IdempotencyKey | undefined, storedHash: string | null): void {
  if (idempotency === undefined || storedHash === null || storedHash === idempotency.bodyHash) return;
  throw new VezaError('idempotency_key_reused', 'This Idempotency-Key was used before, with another body.');
}

/** SHA-256 of the body as canonical JSON: the order of its fields and its spaces do not matter. No body is deep (json-body.ts). */
function hashBody(body: unknown): string {
  return createHash('sha256')
    .update(JSON.stringify(canonical(body)) ?? 'null')
    .digest('hex');
}

function canonical(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(canonical);
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, field]) => [key, canonical(field)]));
}
