import type { Payload } from '@temporalio/common';
import type { World } from '../harness/world.ts';

// Histories as Temporal keeps them: nothing is decoded by a codec on the way.

/** A payload, and where it was found: names of fields, with dots between. */
export interface FoundPayload {
  readonly where: string;
  readonly payload: Payload;
}
export interface FoundFailure {
  readonly where: string;
  readonly message: string;
  readonly stackTrace: string;
}
export interface Found {
  readonly payloads: FoundPayload[];
  readonly failures: FoundFailure[];
}

/** Every payload and failure in a history, and in what a description shows of what is pending. */
export async function lookThrough(world: World, workflowId: string): Promise<Found> {
  const handle = world.temporal.workflow.getHandle(workflowId);
  const history = await handle.fetchHistory();
  const { raw } = await handle.describe();
  const found: Found = { payloads: [], failures: [] };
  walk(history, '', found);
  walk(raw, 'description', found);
  return found;
}

function walk(value: unknown, where: string, found: Found): void {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return;
  if (Array.isArray(value)) {
    for (const one of value) walk(one, where, found);
    return;
  }
  const fields = value as Record<string, unknown>;
  if (isPayload(fields)) {
    found.payloads.push({ where, payload: fields });
    return;
  }
  if (/(?:failure|cause)$/i.test(where)) {
    const { message, stackTrace } = fields as { message?: string; stackTrace?: string };
    found.failures.push({ where, message: message ?? '', stackTrace: stackTrace ?? '' });
  }
  for (const [name, inner] of Object.entries(fields))
    walk(inner, where === '' ? name : `${where}.${name}`, found);
}

const isPayload = ({ metadata }: Record<string, unknown>): boolean =>
  typeof metadata === 'object' && metadata !== null && 'encoding' in metadata;

export const encodingOf = (payload: Payload): string =>
  Buffer.from(payload.metadata?.['encoding'] ?? []).toString();

/** The id of the key that it was encrypted with. */
export const keyOf = (payload: Payload): string | undefined => {
  const id = payload.metadata?.['encryption-key-id'];
  return id ? Buffer.from(id).toString() : undefined;
};

export const textOf = (payload: Payload): string => Buffer.from(payload.data ?? []).toString();

/** All that can be read in it without a key. */
export const readableIn = ({ payloads, failures }: Found): string =>
  [
    ...payloads.map(({ where, payload }) => `${where}: ${textOf(payload)}`),
    ...failures.map(({ where, message, stackTrace }) => `${where}: ${message}\n${stackTrace}`),
  ].join('\n');
