import { and, arrayContains, eq, inArray, isNull, type SQL, sql } from 'drizzle-orm';
import { VezaError } from '../../domain/errors.ts';
import { apiKeySubject } from '../../domain/accounts/ids.ts';
import type { Db, Tx } from '../client.ts';
import { type ApiKeyRow, readApiKey } from './api-keys.ts';
import { apiKeys } from './schema.ts';
import { assertAdmin } from './assert-admin.ts';
import { type Act, writeAuditLog } from '../kernel/index.ts';

/**
 * Ends a key for good, with all keys that were made with it; keys that were revoked before stay as they were. Throws
 * `api_key_not_found`, and what `assertAdmin` does.
 */
export async function revokeApiKey(db: Db, id: string, act: Act): Promise<ApiKeyRow> {
  return db.transaction(async (tx) => {
    await assertAdmin(tx, act);
    await revokeWithTheirs(tx, [id], act);
    const apiKey = await readApiKey(tx, id);
    if (apiKey === null) throw new VezaError('api_key_not_found', `There is no API key ${id}.`);
    return apiKey;
  });
}

/** Ends a key that acts as whoever asks, with all that were made with it. Throws `api_key_not_found`, also for somebody else's. */
export const revokeOwnApiKey = (
  db: Db,
  { userId, apiKeyId }: { readonly userId: string; readonly apiKeyId: string },
  act: Act,
): Promise<ApiKeyRow> =>
  db.transaction(async (tx) => {
    const known = await readApiKey(tx, apiKeyId);
    if (known?.userId !== userId) {
      throw new VezaError('api_key_not_found', `You have no API key ${apiKeyId}.`);
    }
    await revokeWithTheirs(tx, [apiKeyId], act);
    return (await readApiKey(tx, apiKeyId)) ?? known;
  });

/** Ends all keys of a person that have the scope `admin`, and those that were made with them. */
export const revokeAdminKeysOf = (tx: Tx, userId: string, act: Act): Promise<void> =>
  revokeWhere(tx, and(eq(apiKeys.userId, userId), arrayContains(apiKeys.scopes, ['admin'])), act);

/** Ends all keys of a person, and those that were made with them. */
export const revokeKeysOf = (tx: Tx, userId: string, act: Act): Promise<void> =>
  revokeWhere(tx, eq(apiKeys.userId, userId), act);

async function revokeWhere(tx: Tx, where: SQL | undefined, act: Act): Promise<void> {
  const own = await tx.select({ id: apiKeys.id }).from(apiKeys).where(where);
  await revokeWithTheirs(
    tx,
    own.map(({ id }) => id),
    act,
  );
}

async function revokeWithTheirs(tx: Tx, ids: readonly string[], act: Act): Promise<void> {
  // From the top: a key that is making another one holds a lock on its own row, so this waits for it before reading
  // its keys.
  for (let level = ids; level.length > 0; level = await madeWith(tx, level)) {
    for (const one of level) await revokeOne(tx, one, act);
  }
}

async function revokeOne(tx: Tx, id: string, act: Act): Promise<void> {
  const [revoked] = await tx
    .update(apiKeys)
    .set({ revokedAt: sql`now()` })
    .where(and(eq(apiKeys.id, id), isNull(apiKeys.revokedAt)))
    .returning({ revokedAt: apiKeys.revokedAt });
  if (revoked === undefined) return;
  await writeAuditLog(tx, act, {
    action: 'api_key.revoke',
    subject: apiKeySubject(id),
    before: { revokedAt: null },
    after: revoked,
  });
}

async function madeWith(tx: Tx, ids: readonly string[]): Promise<string[]> {
  const rows = await tx
    .select({ id: apiKeys.id })
    .from(apiKeys)
    .where(inArray(apiKeys.madeByKey, [...ids]));
  return rows.map((row) => row.id);
}
