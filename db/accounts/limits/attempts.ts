import { eq, type SQL, sql } from 'drizzle-orm';
import type { Db, Tx } from '../../client.ts';
import { authFailures } from '../tokens/schema.ts';

/** From this failure on a client waits, for one account: a minute, then twice as long each time, up to fifteen. */
export const FAILURES_BEFORE_WAIT = 5;
const WAIT_MAX_MIN = 15;
/** From so many failures in a day on, only those who have signed in before may try. */
export const FAILURES_FROM_EVERYWHERE = 100;

/** What an attempt counts against: an account as one client sees it, and as everybody does. By `scopeOf`. */
export interface AttemptScopes {
  readonly ofClient: string;
  readonly ofAccount: string;
  /** Whose account it is; null: nobody has the address. */
  readonly userId: string | null;
}

/** What one attempt counts against. */
type Scopes = Omit<AttemptScopes, 'userId'>;

export type Attempt =
  | { readonly isAllowed: true; /** Its failure makes the client wait. */ readonly blocks: boolean }
  | { readonly isAllowed: false; readonly waitS: number };

/**
 * Takes an attempt to prove who one is, before it is known how it ends: it counts as a failure until `forgive` takes that back.
 * So of many attempts at once no more pass than one after the other. One that is refused neither counts nor lengthens the wait.
 */
export async function takeAttempt(
  db: Db,
  { ofClient, ofAccount, userId }: AttemptScopes,
  isKnownClient: boolean,
): Promise<Attempt> {
  const failures = sql`CASE WHEN ${isOver} THEN 1 ELSE counted.failures + 1 END`;
  const wait = sql`least(power(2, (${failures}) - ${FAILURES_BEFORE_WAIT}), ${WAIT_MAX_MIN}) * interval '1 minute'`;
  const client = await count(
    db,
    { scope: ofClient, userId },
    {
      blockedUntil: sql`CASE WHEN (${failures}) >= ${FAILURES_BEFORE_WAIT} THEN clock_timestamp() + ${wait} END`,
      where: sql`counted.blocked_until IS NULL OR counted.blocked_until <= clock_timestamp()`,
    },
  );
  if (client === null)
    return { isAllowed: false, waitS: await waitOf(db, ofClient, authFailures.blockedUntil) };
  const account = await count(
    db,
    { scope: ofAccount, userId },
    {
      blockedUntil: sql`NULL`,
      where: sql`${isOver} OR counted.failures < ${FAILURES_FROM_EVERYWHERE} OR ${isKnownClient}`,
    },
  );
  if (account === null) {
    await takeBack(db, ofClient);
    return {
      isAllowed: false,
      waitS: await waitOf(db, ofAccount, sql`${authFailures.since} + interval '1 day'`),
    };
  }
  return { isAllowed: true, blocks: client.isBlocked };
}

/** The attempt succeeded: the client begins anew, and of the account's count this one goes. */
export async function forgive(db: Db, { ofClient, ofAccount }: Scopes): Promise<void> {
  await db.delete(authFailures).where(eq(authFailures.scope, ofClient));
  await takeBack(db, ofAccount);
}

/** The attempt was never made. */
export async function takeBackAttempt(db: Db, { ofClient, ofAccount }: Scopes): Promise<void> {
  await takeBack(db, ofClient);
  await takeBack(db, ofAccount);
}

/** A failure is forgotten a day after the first of its count. */
const isOver = sql`counted.since <= clock_timestamp() - interval '1 day'`;

async function count(
  db: Db,
  { scope, userId }: { readonly scope: string; readonly userId: string | null },
  { blockedUntil, where }: { readonly blockedUntil: SQL; readonly where: SQL },
): Promise<{ readonly isBlocked: boolean } | null> {
  const [row] = await db.execute<{ is_blocked: boolean }>(sql`
    INSERT INTO auth_failures AS counted (scope, user_id, failures, since) VALUES (${scope}, ${userId}, 1, clock_timestamp())
    ON CONFLICT (scope) DO UPDATE SET
      user_id = excluded.user_id,
      failures = CASE WHEN ${isOver} THEN 1 ELSE counted.failures + 1 END,
      since = CASE WHEN ${isOver} THEN clock_timestamp() ELSE counted.since END,
      blocked_until = ${blockedUntil}
    WHERE ${where}
    RETURNING blocked_until IS NOT NULL AS is_blocked`);
  return row === undefined ? null : { isBlocked: row.is_blocked };
}

/** All failures of an account are forgotten, from wherever they came. Returns how many there were. */
export async function forgetFailures(tx: Tx, userId: string): Promise<number> {
  const gone = await tx
    .delete(authFailures)
    .where(eq(authFailures.userId, userId))
    .returning({ failures: authFailures.failures });
  // Each is counted for its client and for the account.
  return Math.max(0, ...gone.map(({ failures }) => failures));
}

async function takeBack(db: Db, scope: string): Promise<void> {
  await db
    .update(authFailures)
    .set({ failures: sql`greatest(${authFailures.failures} - 1, 0)`, blockedUntil: null })
    .where(eq(authFailures.scope, scope));
}

async function waitOf(db: Db, scope: string, until: SQL | typeof authFailures.blockedUntil): Promise<number> {
  const [row] = await db
    .select({ waitS: sql<number>`extract(epoch FROM ${until} - clock_timestamp())::float8` })
    .from(authFailures)
    .where(eq(authFailures.scope, scope));
  return Math.max(Math.ceil(row?.waitS ?? 1), 1);
}
