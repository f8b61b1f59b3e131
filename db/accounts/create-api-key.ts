import { and, eq, gt, isNull, or, sql } from 'drizzle-orm';
import { type ApiKeyScope, OWN_API_KEYS_MAX } from '../../domain/accounts/api-keys.ts';
import { VezaError } from '../../domain/errors.ts';
import { apiKeySubject } from '../../domain/accounts/ids.ts';
import type { NewKey } from './key-text.ts';
import type { Tx } from '../client.ts';
import { type ApiKeyRow, readApiKey } from './api-keys.ts';
import { apiKeys, users } from './schema.ts';
import { type Act, writeAuditLog } from '../kernel/index.ts';

export interface NewApiKey {
  readonly userId: string;
  readonly name: string;
  readonly scopes: readonly ApiKeyScope[];
  /** Null: the key is valid until it is revoked. */
  readonly expiresAt: Date | null;
  readonly readsPerHour: number;
  readonly writesPerHour: number;
}

/** With the parts of the key that the database may know, under the id that was asked for. */
export interface ApiKeyToKeep extends NewApiKey, Omit<NewKey, 'key'> {
  readonly id: string;
}

/**
 * Stores a new key. A key that is made with another key ends with that one: it is revoked with it, and expires no
 * later. Throws `validation_failed` (`user_id`) where the user is not known, or leaves: their keys were revoked for that.
 */
export async function createApiKey(tx: Tx, asked: ApiKeyToKeep, act: Act): Promise<ApiKeyRow> {
  const [user] = await tx
    .select({ status: users.status })
    .from(users)
    .where(eq(users.id, asked.userId))
    .for('key share');
  if (user === undefined || LEAVING.has(user.status)) {
    throw new VezaError('validation_failed', 'There is no such user, or they have left.', {
      field: 'user_id',
    });
  }
  const { id, prefix, readsPerHour, writesPerHour, userId } = asked;
  const scopes = [...new Set(asked.scopes)].toSorted();
  const expiresAt = earlier(asked.expiresAt, await endOf(tx, act.apiKeyId));
  const made = { madeBy: act.actor, madeByKey: act.apiKeyId ?? null };
  await tx.insert(apiKeys).values({ ...asked, scopes, expiresAt, ...made });
  // The name is somebody's words: the row has it until they are erased, and the audit log would keep it.
  const after = { userId, prefix, scopes, expiresAt, readsPerHour, writesPerHour };
  await writeAuditLog(tx, act, { action: 'api_key.create', subject: apiKeySubject(id), before: null, after });
  const apiKey = await readApiKey(tx, id);
  if (apiKey === null) throw new Error('the API key was not inserted');
  return apiKey;
}

/** The same of one's own, of which twenty work at a time. Throws `too_many_api_keys`. */
export async function createOwnApiKey(tx: Tx, asked: ApiKeyToKeep, act: Act): Promise<ApiKeyRow> {
  const { userId } = asked;
  // Of many at once, each counts those of before.
  await tx.select({ id: users.id }).from(users).where(eq(users.id, userId)).for('no key update');
  const working = await tx.$count(
    apiKeys,
    and(
      ...[eq(apiKeys.userId, userId), eq(apiKeys.madeBy, userId), isNull(apiKeys.revokedAt)],
      or(isNull(apiKeys.expiresAt), gt(apiKeys.expiresAt, sql`clock_timestamp()`)),
    ),
  );
  if (working >= OWN_API_KEYS_MAX) {
    throw new VezaError('too_many_api_keys', `You have ${working} API keys: revoke one first.`);
  }
  return createApiKey(tx, asked, act);
}

/** From the moment that an account is closed. */
const LEAVING: ReadonlySet<string> = new Set(['closing', 'erasing', 'erased']);

async function endOf(tx: Tx, apiKeyId: string | undefined): Promise<Date | null> {
  if (apiKeyId === undefined) return null;
  const [key] = await tx
    .select({ expiresAt: apiKeys.expiresAt })
    .from(apiKeys)
    .where(eq(apiKeys.id, apiKeyId));
  return key?.expiresAt ?? null;
}

function earlier(one: Date | null, other: Date | null): Date | null {
  if (one === null || other === null) return one ?? other;
  return one < other ? one : other;
}
