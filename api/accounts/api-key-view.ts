import { z } from '@hono/zod-openapi';
import type { ApiKeyRow } from '../../db/accounts/api-keys.ts';
import { API_KEY_SCOPES } from '../../domain/accounts/api-keys.ts';
import { Id, Time, time, timeOrNull } from '../kernel/index.ts';

export const ApiKey = z
  .object({
    id: Id,
    user_id: Id.openapi({ description: 'As whom it acts' }),
    made_by: Id.openapi({
      description: 'The admin who made it; a key for somebody else works only while they are an admin',
    }),
    made_by_key: Id.nullable().openapi({
      description: 'The key that it was made with; it ends with that one',
    }),
    name: z.string(),
    prefix: z.string().openapi({ description: 'How the key begins', example: 'vz_live_1a2b3c4d5e6f' }),
    scopes: z.array(z.enum(API_KEY_SCOPES)),
    reads_per_hour: z.int(),
    writes_per_hour: z.int(),
    expires_at: Time.nullable(),
    revoked_at: Time.nullable(),
    last_used_at: Time.nullable().openapi({ description: 'Its last call that was not over the limit' }),
    created_at: Time,
  })
  .openapi('ApiKey');

export const showApiKey = (row: ApiKeyRow): z.infer<typeof ApiKey> => ({
  id: row.id,
  user_id: row.userId,
  made_by: row.madeBy,
  made_by_key: row.madeByKey,
  name: row.name,
  prefix: row.prefix,
  scopes: row.scopes,
  reads_per_hour: row.readsPerHour,
  writes_per_hour: row.writesPerHour,
  expires_at: timeOrNull(row.expiresAt),
  revoked_at: timeOrNull(row.revokedAt),
  last_used_at: timeOrNull(row.lastUsedAt),
  created_at: time(row.createdAt),
});
