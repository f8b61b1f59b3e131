import { eq } from 'drizzle-orm';
import { type Role, userSubject } from '../../../domain/accounts/index.ts';
import { VezaError } from '../../../domain/errors.ts';
import type { Tx } from '../../client.ts';
import { type Act, writeAuditLog } from '../../kernel/index.ts';
import { users } from '../schema.ts';
import { transitionUser } from '../transition.ts';
import type { Account } from '../lock-account.ts';
import { refuseClosing } from './refuse-unless-open.ts';

/** Somebody whose account an identity provider keeps, as an admin wants their row. */
export interface UserToPut {
  readonly id: string;
  readonly email: string;
  readonly role: Role;
  readonly isVerified: boolean;
}

export interface PutUser {
  readonly account: Account;
  readonly wasMade: boolean;
}

/**
 * Makes the row of somebody, or gives it this address and role. Repeated, it changes nothing. Giving and taking the role admin is
 * left to `giveAdmin` and `takeAdmin`: an admin stays one here, and who is to become one begins as a user. Throws
 * `account_exists` where somebody else has the address, and `account_closing`.
 */
export async function putUser(tx: Tx, asked: UserToPut, act: Act): Promise<PutUser> {
  const { id, email, isVerified } = asked;
  const role = asked.role === 'admin' ? 'user' : asked.role;
  const [made] = await tx
    .insert(users)
    .values({ id, email, role, isVerified })
    .onConflictDoNothing()
    .returning();
  if (made !== undefined) {
    const entry = { action: 'user.register', subject: userSubject(id), before: null, after: { role } };
    await writeAuditLog(tx, act, entry);
    return { account: made, wasMade: true };
  }
  const [row] = await tx.select().from(users).where(eq(users.id, id)).for('no key update');
  if (row === undefined) throw taken();
  refuseClosing(row);
  return { account: await change(tx, row, asked, act), wasMade: false };
}

async function change(
  tx: Tx,
  row: Account,
  { email, role: asked, isVerified }: UserToPut,
  act: Act,
): Promise<Account> {
  const role = row.role === 'admin' || asked === 'admin' ? row.role : asked;
  const isMoved = email !== row.email;
  // From here on it is the provider's row: it is not removed for an address that nobody confirms here.
  const isOurs = row.registeredAt !== null;
  if (!isMoved && role === row.role && isVerified === row.isVerified && !isOurs) return row;
  const changed = await orTaken(tx, (inner) =>
    transitionUser(inner, row, row.status, { email, role, isVerified, registeredAt: null }),
  );
  const log = (action: string, before: Record<string, unknown> | null, after: typeof before) =>
    writeAuditLog(tx, act, { action, subject: userSubject(row.id), before, after });
  if (isMoved) await log('user.email_change', null, null);
  if (isVerified !== row.isVerified)
    await log('user.verify_email', { isVerified: row.isVerified }, { isVerified });
  if (role !== row.role) await log('user.role', { role: row.role }, { role });
  return changed;
}

/** Of PostgreSQL: `unique_violation`. */
const UNIQUE_VIOLATION = '23505';

/** Somebody else may take the address until this is committed, so the index decides, in a savepoint. */
async function orTaken<T>(tx: Tx, write: (inner: Tx) => Promise<T>): Promise<T> {
  try {
    return await tx.transaction(write);
  } catch (error) {
    const cause = error instanceof Error ? error.cause : undefined;
    if (cause instanceof Error && 'code' in cause && cause.code === UNIQUE_VIOLATION) throw taken();
    throw error;
  }
}

const taken = () => new VezaError('account_exists', 'Another user has this address.');
