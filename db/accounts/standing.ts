import { inArray } from 'drizzle-orm';
import type { Role } from '../../domain/accounts/roles.ts';
import type { Db } from '../client.ts';
import { users } from './schema.ts';
import { readOpenKeyIds } from './api-keys.ts';

export interface Standing {
  /** Roles by user; a user who is gone has none. */
  readonly roles: ReadonlyMap<string, Role>;
  /** The keys that still work. */
  readonly keyIds: ReadonlySet<string>;
}

/** Reads how the users and keys of open streams stand now. */
export async function readStanding(
  db: Db,
  openers: readonly { readonly userId: string; readonly keyId: string | null }[],
  at: Date,
): Promise<Standing> {
  const userIds = [...new Set(openers.map(({ userId }) => userId))];
  const keyIds = [...new Set(openers.flatMap(({ keyId }) => keyId ?? []))];
  const [people, open] = await Promise.all([
    db.select({ id: users.id, role: users.role }).from(users).where(inArray(users.id, userIds)),
    readOpenKeyIds(db, keyIds, at),
  ]);
  return { roles: new Map(people.map(({ id, role }) => [id, role])), keyIds: open };
}
