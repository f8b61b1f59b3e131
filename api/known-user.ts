import type { Db } from '../db/client.ts';
import { readUserRole } from '../db/queries/users.ts';
import { VezaError } from '../domain/errors.ts';
import type { Caller } from '../domain/roles.ts';

/** Before rows that name the caller are written: a token may be sound and its user gone, or of another database. */
export async function assertKnownUser(db: Db, { userId }: Caller): Promise<void> {
  if ((await readUserRole(db, userId)) !== null) return;
  throw new VezaError('unauthenticated', `There is no user ${userId}.`);
}
