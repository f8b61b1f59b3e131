import { v7 as uuidv7 } from 'uuid';
import type { ApiKeyScope } from '../../domain/api-keys.ts';
import { VezaError } from '../../domain/errors.ts';
import { apiKeySubject } from '../../domain/ids.ts';
import { makeKey } from '../api-key.ts';
import type { Db } from '../client.ts';
import { type ApiKeyRow, readApiKey } from '../queries/api-keys.ts';
import { readUserRole } from '../queries/users.ts';
import { apiKeys } from '../schema/index.ts';
import { assertAdmin } from './assert-admin.ts';
import { type Act, audit } from './audit.ts';

export interface NewApiKey {
  readonly userId: string;
  readonly name: string;
  readonly scopes: readonly ApiKeyScope[];
  /** Null: until it is revoked. */
  readonly expiresAt: Date | null;
  readonly readsPerHour: number;
  readonly writesPerHour: number;
}

/**
 * Makes a key; `key` cannot be had again. Throws `validation_failed` (`user_id`) where the user is not known, `forbidden`
 * and `person_required` where it would carry a power that is not the actor's own to give.
 */
export async function createApiKey(
  db: Db,
  asked: NewApiKey,
  act: Act,
): Promise<{ readonly key: string; readonly apiKey: ApiKeyRow }> {
  if (asked.scopes.includes('admin')) refusePower(asked.userId, act);
  const { key, prefix, keyHash } = makeKey();
  return db.transaction(async (tx) => {
    await assertAdmin(tx, act);
    if ((await readUserRole(tx, asked.userId)) === null) {
      throw new VezaError('validation_failed', 'There is no such user.', { field: 'user_id' });
    }
    const id = uuidv7();
    const scopes = [...new Set(asked.scopes)].toSorted();
    await tx.insert(apiKeys).values({ ...asked, id, scopes, prefix, keyHash });
    const { expiresAt, readsPerHour, writesPerHour, userId, name } = asked;
    const after = { userId, name, prefix, scopes, expiresAt, readsPerHour, writesPerHour };
    await audit(tx, act, { action: 'api_key.create', subject: apiKeySubject(id), before: null, after });
    const apiKey = await readApiKey(tx, id);
    if (apiKey === null) throw new Error('the API key was not inserted');
    return { key, apiKey };
  });
}

/** Whoever held another admin's power would be two admins; a key that made such keys would outlive its own revoking. */
function refusePower(userId: string, { actor, apiKeyId }: Act): void {
  if (apiKeyId !== undefined) {
    throw new VezaError(
      'person_required',
      'A key with the scope admin is made with a bearer token, not with a key.',
    );
  }
  if (userId !== actor) {
    throw new VezaError('forbidden', 'A key with the scope admin is made by whoever it acts as, for itself.');
  }
}
