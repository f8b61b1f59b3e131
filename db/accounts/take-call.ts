import { sql } from 'drizzle-orm';
import type { CallKind } from '../../domain/accounts/api-keys.ts';
import type { Role } from '../../domain/accounts/roles.ts';
import type { Db } from '../client.ts';
import { type CallAllowance, takeFrom } from '../kernel/index.ts';
import { users } from './schema.ts';

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

const takeOfBearer = takeFrom(
  { table: sql`bearer_usage`, keys: [['user_id', 'uuid']], since: 'minute', windowS: MINUTE_S },
  () => sql<Role>`SELECT ${users.role} FROM ${users} WHERE ${users.id} = ${sql.placeholder('user_id')}::uuid`,
);

/**
 * The same of a person's calls by bearer tokens, whichever of them, in a minute; and the person's role, which every such
 * call needs: null for somebody unknown.
 */
export async function takeBearerCall(
  db: Db,
  { userId, perMinute }: { readonly userId: string; readonly perMinute: number },
): Promise<CallAllowance & { readonly role: Role | null }> {
  const { beside, ...allowance } = await takeOfBearer(db, { user_id: userId }, perMinute);
  return { ...allowance, role: beside };
}
