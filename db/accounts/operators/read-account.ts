import { and, desc, eq, gt, sql } from 'drizzle-orm';
import { isUuid, parseSubject } from '../../../domain/kernel/index.ts';
import type { Db } from '../../client.ts';
import type { MailRow } from '../mails/transition.ts';
import { mails, users } from '../schema.ts';
import { twoFactors } from '../second-factor/schema.ts';
import { type Session } from '../sessions/open.ts';
import { sessions } from '../sessions/schema.ts';
import type { Account } from '../lock-account.ts';

export interface AccountStory {
  readonly account: Account;
  readonly isTwoFactorOn: boolean;
  /** No code is taken before. */
  readonly codesBlockedUntil: Date | null;
  /** The last ones, the newest first. */
  readonly mails: readonly MailRow[];
  /** The last ones, the newest first. */
  readonly sessions: readonly Pick<Session, 'id' | 'kind' | 'createdAt' | 'endedAt' | 'endReason'>[];
}

const SESSIONS_MAX = 50;
const MAILS_MAX = 50;

/** Null: there is no such account. */
export async function readAccount(db: Db, userId: string): Promise<AccountStory | null> {
  const [account] = await db.select().from(users).where(eq(users.id, userId));
  if (account === undefined) return null;
  const [factor] = await db.select().from(twoFactors).where(eq(twoFactors.userId, userId));
  const [blocked] = await db
    .select({ until: twoFactors.blockedUntil })
    .from(twoFactors)
    .where(and(eq(twoFactors.userId, userId), gt(twoFactors.blockedUntil, sql`now()`)));
  const { id, kind, createdAt, endedAt, endReason } = sessions;
  return {
    account,
    isTwoFactorOn: factor !== undefined && factor.confirmedAt !== null,
    codesBlockedUntil: blocked?.until ?? null,
    mails: await db
      .select()
      .from(mails)
      .where(eq(mails.userId, userId))
      .orderBy(desc(mails.createdAt), desc(mails.id))
      .limit(MAILS_MAX),
    sessions: await db
      .select({ id, kind, createdAt, endedAt, endReason })
      .from(sessions)
      .where(eq(sessions.userId, userId))
      .orderBy(desc(sessions.createdAt), desc(sessions.id))
      .limit(SESSIONS_MAX),
  };
}

/** The id of an account by its id, its name in stories, or its exact address in whatever case; null: nobody has it. */
export async function findAccount(db: Db, text: string): Promise<string | null> {
  const given = text.trim();
  const subject = parseSubject(given);
  const id = subject?.kind === 'account' ? subject.id : given;
  const [row] = await db
    .select({ id: users.id })
    .from(users)
    .where(isUuid(id) ? eq(users.id, id) : sql`lower(${users.email}) = lower(${given})`);
  return row?.id ?? null;
}
