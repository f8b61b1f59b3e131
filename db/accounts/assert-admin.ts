import { asc, eq, inArray } from 'drizzle-orm';
import { VezaError } from '../../domain/errors.ts';
import type { Role } from '../../domain/accounts/roles.ts';
import type { Tx } from '../client.ts';
import { users, apiKeys } from './schema.ts';
import type { Act } from '../kernel/index.ts';

/**
 * Locks the acting user, and refuses them where they are no admin now, or their API key has ended: a role that is
 * taken away counts before or after the whole action, never in the middle. It also lets one admin's actions run only
 * one after the other. Taken before any other lock of the transaction, with the users whom the action is about. Throws
 * `unauthenticated` and `forbidden`.
 */
export async function assertAdmin(
  tx: Tx,
  { actor, apiKeyId }: Act,
  alsoLocked: readonly string[] = [],
): Promise<void> {
  refuseNoAdmin(actor, await lockRoles(tx, [actor, ...alsoLocked]));
  if (apiKeyId !== undefined) await assertOpen(tx, apiKeyId);
}

/** Throws as `assertAdmin` does. */
export function refuseNoAdmin(actor: string, roles: ReadonlyMap<string, Role>): void {
  const role = roles.get(actor);
  if (role === undefined)
    throw new VezaError('unauthenticated', `There is no user ${actor}, or their account is not open.`);
  if (role !== 'admin') throw new VezaError('forbidden', 'This needs the role admin, which you do not have.');
}

/**
 * The roles of users as they are now, locked until the transaction ends. Users who are gone, or whose account is not open, are
 * missing.
 */
export async function lockRoles(tx: Tx, userIds: readonly string[]): Promise<ReadonlyMap<string, Role>> {
  const rows = await tx
    .select({ id: users.id, role: users.role, status: users.status })
    .from(users)
    .where(inArray(users.id, [...userIds]))
    // In another order, two admins who each agree to what the other asked for would wait for each other.
    .orderBy(asc(users.id))
    .for('no key update');
  const open = rows.filter(({ status }) => status === 'active');
  return new Map(open.map(({ id, role }) => [id, role]));
}

async function assertOpen(tx: Tx, apiKeyId: string): Promise<void> {
  const [key] = await tx
    .select({ revokedAt: apiKeys.revokedAt, expiresAt: apiKeys.expiresAt })
    .from(apiKeys)
    .where(eq(apiKeys.id, apiKeyId))
    .for('share');
  if (key === undefined || key.revokedAt !== null) {
    throw new VezaError('unauthenticated', 'The API key was revoked.');
  }
  if (key.expiresAt !== null && key.expiresAt.getTime() <= Date.now()) {
    throw new VezaError('unauthenticated', 'The API key has expired.');
  }
}
