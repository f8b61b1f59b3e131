import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { Payload, PayloadCodec, SerializationContext } from '@temporalio/common';
import proto from '@temporalio/proto';
import { VezaError } from '../domain/errors.ts';
import { keyInUse, type EncryptionKey } from '../domain/kernel/index.ts';

const PayloadMessage = proto.temporal.api.common.v1.Payload;

// The names are those of Temporal's own samples, so that its tools recognise them.
export const ENCRYPTED = 'binary/encrypted';
const KEY_ID = 'encryption-key-id';
const WORKFLOW_ID = 'encryption-workflow-id';

/** NIST SP 800-38D, 8.2.2: a random nonce of 96 bits, for which 8.3 allows 2^32 payloads a key. */
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * Encrypts every payload that is sent with one key (AES-256-GCM; see `keyInUse`), and decrypts with the key of
 * the ring that a payload names. Without keys it encrypts nothing. Payloads that were sent in the clear always stay
 * readable.
 *
 * A payload is bound to its workflow: moved to another one, it cannot be read. Throws VezaError `payload_unreadable`.
 */
export function createCodec(keys: readonly EncryptionKey[], keyId?: string): PayloadCodec {
  const own = keyInUse({ keys, keyId });
  const ring = new Map(keys.map((key) => [key.id, key]));
  return {
    encode: async (payloads, context) =>
      own === undefined ? payloads : payloads.map((payload) => encrypt(payload, own, context)),
    decode: async (payloads, context) => payloads.map((payload) => decrypt(payload, ring, context)),
  };
}

export const isEncrypted = (payload: Payload) => textOf(payload, 'encoding') === ENCRYPTED;

function encrypt(payload: Payload, { id, secret }: EncryptionKey, context?: SerializationContext): Payload {
  const metadata = {
    encoding: bytes(ENCRYPTED),
    [KEY_ID]: bytes(id),
    ...(context?.workflowId !== undefined && { [WORKFLOW_ID]: bytes(context.workflowId) }),
  };
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', secret, nonce).setAAD(saidInTheClear({ metadata }));
  const text = PayloadMessage.encode(payload).finish();
  const data = Buffer.concat([nonce, cipher.update(text), cipher.final(), cipher.getAuthTag()]);
  return { metadata, data };
}

function decrypt(
  payload: Payload,
  ring: ReadonlyMap<string, EncryptionKey>,
  context?: SerializationContext,
): Payload {
  if (!isEncrypted(payload)) return payload;
  const id = textOf(payload, KEY_ID) ?? '';
  const key = ring.get(id);
  if (key === undefined) throw unreadable(`it is encrypted with the key "${id}", which is not in the ring`);
  const madeFor = textOf(payload, WORKFLOW_ID);
  if (madeFor !== undefined && !isSameWorkflow(madeFor, context?.workflowId)) {
    throw unreadable(`it was made for ${madeFor} and is found in ${context?.workflowId}`);
  }
  const data = payload.data ?? new Uint8Array();
  const nonce = data.subarray(0, NONCE_BYTES);
  const tag = data.subarray(-TAG_BYTES);
  try {
    const decipher = createDecipheriv('aes-256-gcm', key.secret, nonce, { authTagLength: TAG_BYTES })
      .setAAD(saidInTheClear(payload))
      .setAuthTag(tag);
    const text = decipher.update(data.subarray(NONCE_BYTES, -TAG_BYTES));
    return PayloadMessage.decode(Buffer.concat([text, decipher.final()]));
  } catch {
    throw unreadable(`the key "${id}" of the ring is not the one it was encrypted with, or it was changed`);
  }
}

/** A payload's metadata is not secret, but must not be changed either. */
const saidInTheClear = (payload: Payload) =>
  bytes(JSON.stringify([ENCRYPTED, textOf(payload, KEY_ID), textOf(payload, WORKFLOW_ID) ?? null]));

/**
 * A reader that names no workflow, such as Temporal's UI, may read all. A schedule adds the time to its workflows'
 * ids.
 */
function isSameWorkflow(madeFor: string, readIn: string | undefined): boolean {
  if (readIn === undefined || readIn === madeFor) return true;
  return readIn.startsWith(`${madeFor}-`) && SCHEDULED_AT.test(readIn.slice(madeFor.length + 1));
}

const SCHEDULED_AT = /^\d{4}-\d\d-\d\dT[\d:.]+Z$/;

const unreadable = (why: string) => new VezaError('payload_unreadable', `A payload cannot be read: ${why}.`);

const bytes = (text: string): Uint8Array => Buffer.from(text, 'utf8');

function textOf(payload: Payload, name: string): string | undefined {
  const value = payload.metadata?.[name];
  return value ? Buffer.from(value).toString('utf8') : undefined;
}
