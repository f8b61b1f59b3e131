import { and, eq, isNull, sql } from 'drizzle-orm';
import { VezaError } from '../../domain/errors.ts';
import { apiKeySubject } from '../../domain/ids.ts';
import type { Db } from '../client.ts';
import { type ApiKeyRow, readApiKey } from '../queries/api-keys.ts';
import { apiKeys } from '../schema/index.ts';
import { assertAdmin } from './assert-admin.ts';
import { type Act, audit } from './audit.ts';

/** Ends a key for good; one that was revoked before stays as it was. Throws `api_key_not_found`. */
export async function revokeApiKey(db: Db, id: string, act: Act): Promise<ApiKeyRow> {
  return db.transaction(async (tx) => {
    await assertAdmin(tx, act);
    const [revoked] = await tx
      .update(apiKeys)
      .set({ revokedAt: sql`now()` })
      .where(and(eq(apiKeys.id, id), isNull(apiKeys.revokedAt)))
      .returning({ revokedAt: apiKeys.revokedAt });
    if (revoked !== undefined) {
      const subject = apiKeySubject(id);
      await audit(tx, act, {
        action: 'api_key.revoke',
        subject,
        before: { revokedAt: null },
        after: revoked,
      });
    }
    const apiKey = await readApiKey(tx, id);
    if (apiKey === null) throw new VezaError('api_key_not_found', `There is no API key ${id}.`);
    return apiKey;
  });
}
