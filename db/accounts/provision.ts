import { userSubject } from '../../domain/accounts/index.ts';
import type { Role } from '../../domain/accounts/roles.ts';
import type { Db } from '../client.ts';
import { writeAuditLog } from '../kernel/index.ts';
import { users } from './schema.ts';

export interface NewcomerByToken {
  readonly id: string;
  readonly email: string;
  readonly role: Role;
}

/**
 * Makes a user of somebody whom an identity provider vouches for, with the address that it confirmed. Done before, or where
 * another user has the address, nothing changes.
 */
export const provisionUser = (db: Db, { id, email, role }: NewcomerByToken): Promise<void> =>
  db.transaction(async (tx) => {
    const made = await tx
      .insert(users)
      .values({ id, email, role, isVerified: true })
      .onConflictDoNothing()
      .returning({ id: users.id });
    if (made.length === 0) return;
    const entry = { action: 'user.register', subject: userSubject(id), before: null, after: { role } };
    await writeAuditLog(tx, { actor: id }, entry);
  });
