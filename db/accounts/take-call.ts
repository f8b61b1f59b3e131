import { sql } from 'drizzle-orm';
import type { AnyPgColumn } from 'drizzle-orm/pg-core';
import type { CallKind } from '../../domain/accounts/api-keys.ts';
import type { Standing } from '../../domain/accounts/standing.ts';
import type { Db } from '../client.ts';
import { type CallAllowance, takeFrom } from '../kernel/index.ts';
import { users } from './schema.ts';
import { STATUS_TO_THEM } from './status-to-them.ts';
import { sessions } from './sessions/schema.ts';

const HOUR_S = 3600;
const MINUTE_S = 60;

const takeOfKey = takeFrom({
  table: sql`api_key_usage`,
  keys: [
    ['key_id', 'uuid'],
    ['kind', 'text'],
  ],
  since: 'hour',
  windowS: HOUR_S,
});

/** Takes one call from a key's hourly limit, or says that none is free (docs/adr/0011). */
export const takeCall = (
  db: Db,
  { keyId, kind, perHour }: { readonly keyId: string; readonly kind: CallKind; readonly perHour: number },
): Promise<CallAllowance> => takeOfKey(db, { key_id: keyId, kind }, perHour);

const COUNTER = {
  table: sql`bearer_usage`,
  keys: [['user_id', 'uuid']],
  since: 'minute',
  windowS: MINUTE_S,
} as const;

const ofUser = sql`${users.id} = ${sql.placeholder('user_id')}::uuid`;

const takeOfPerson = takeFrom(
  COUNTER,
  () =>
    sql<PersonRow>`SELECT json_build_object('role', ${users.role}, 'status', ${STATUS_TO_THEM}) FROM ${users} WHERE ${ofUser}`,
);

const takeOfSession = takeFrom(
  COUNTER,
  () => sql<SessionRow>`
    SELECT json_build_object('role', ${users.role}, 'status', ${STATUS_TO_THEM}, 'kind', ${sessions.kind}, 'amr', ${sessions.amr},
      'authenticatedAtMs', ${msOf(sessions.authenticatedAt)}, 'expiresAtMs', ${msOf(sessions.expiresAt)},
      'isEnded', ${sessions.endedAt} IS NOT NULL)
    FROM ${sessions} JOIN ${users} ON ${users.id} = ${sessions.userId}
    WHERE ${sessions.id} = ${sql.placeholder('session_id')}::uuid AND ${ofUser}`,
);

const msOf = (column: AnyPgColumn) => sql`(extract(epoch FROM ${column}) * 1000)::float8`;

type PersonRow = Omit<Standing, 'session'>;
type SessionRow = PersonRow & Omit<NonNullable<Standing['session']>, 'id'>;

/**
 * The same of a person's calls by bearer tokens, whichever of them, in a minute; and how they and their session stand, which
 * every such call needs: null for somebody or a session that is not known. `sessionId` null: an identity provider's token.
 */
export async function takeBearerCall(
  db: Db,
  {
    userId,
    sessionId,
    perMinute,
  }: { readonly userId: string; readonly sessionId: string | null; readonly perMinute: number },
): Promise<CallAllowance & { readonly standing: Standing | null }> {
  if (sessionId === null) {
    const { beside, ...allowance } = await takeOfPerson(db, { user_id: userId }, perMinute);
    return { ...allowance, standing: beside && { ...beside, session: null } };
  }
  const keys = { user_id: userId, session_id: sessionId };
  const { beside, ...allowance } = await takeOfSession(db, keys, perMinute);
  if (beside === null) return { ...allowance, standing: null };
  const { role, status, ...session } = beside;
  return { ...allowance, standing: { role, status, session: { id: sessionId, ...session } } };
}
