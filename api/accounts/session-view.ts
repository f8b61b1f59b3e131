import { z } from '@hono/zod-openapi';
import type { Session as SessionRow } from '../../db/accounts/index.ts';
import { AUTHENTICATION_METHODS, SESSION_KINDS } from '../../domain/accounts/index.ts';
import { Id, Time, time } from '../kernel/index.ts';

export const Session = z
  .object({
    id: Id,
    kind: z.enum(SESSION_KINDS),
    amr: z.array(z.enum(AUTHENTICATION_METHODS)).openapi({ description: 'How they proved who they are' }),
    authenticated_at: Time,
    last_seen_at: Time,
    expires_at: Time.openapi({ description: 'Later, where it goes on being used' }),
    ip: z.string().nullable(),
    user_agent: z.string().nullable(),
    created_at: Time,
  })
  .openapi('Session');

export const showSession = (row: SessionRow): z.infer<typeof Session> => ({
  id: row.id,
  kind: row.kind,
  amr: row.amr,
  authenticated_at: time(row.authenticatedAt),
  last_seen_at: time(row.lastSeenAt),
  expires_at: time(row.expiresAt),
  ip: row.ip,
  user_agent: row.userAgent,
  created_at: time(row.createdAt),
});
