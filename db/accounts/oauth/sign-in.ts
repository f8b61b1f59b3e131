import { and, eq, sql } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import {
  type OauthIdentity,
  type OauthProvider,
  type OauthTokens,
  userSubject,
} from '../../../domain/accounts/index.ts';
import { VezaError } from '../../../domain/errors.ts';
import type { Db, Tx } from '../../client.ts';
import { type Act, writeAuditLog } from '../../kernel/index.ts';
import { dropSignIns } from '../registration/drop-sign-ins.ts';
import { userProfiles, users } from '../schema.ts';
import { makeOauthCode } from './codes.ts';
import { oauthAccounts } from './schema.ts';
import { addOauthAccount, keepTokens } from './tokens.ts';

export interface ComeBack {
  readonly provider: OauthProvider;
  readonly identity: OauthIdentity;
  readonly tokens: OauthTokens;
  /** The secret of the browser's cookie. */
  readonly browser: string;
}

type From = Omit<Act, 'actor'>;

/**
 * Somebody came back from a provider: finds or makes their account, and returns the code that their browser gets a session for.
 * Who it is, provider and subject say, and never the address. An address that another account proved is that one's: they
 * sign in to it, and link. One that nobody proved goes to who has it by the provider's word, and what others put into that
 * account goes. Throws `account_exists`, `account_disabled`, and `oauth_denied` where there is no address.
 */
export async function signInByProvider(db: Db, back: ComeBack, from: From): Promise<string> {
  // Of two who come at once, one makes the account, and the other finds it.
  for (let tries = 0; tries < 3; tries += 1) {
    const code = await db.transaction(async (tx) => {
      const userId = (await findLinked(tx, back)) ?? (await openAccount(tx, back, from));
      return userId === null ? null : makeOauthCode(tx, { userId, browser: back.browser });
    });
    if (code !== null) return code;
  }
  throw accountExists();
}

const isOf = ({ provider, identity: { subject } }: ComeBack) =>
  and(eq(oauthAccounts.provider, provider), eq(oauthAccounts.subject, subject));

async function findLinked(tx: Tx, back: ComeBack): Promise<string | null> {
  const isIt = isOf(back);
  const [found] = await tx.select({ userId: oauthAccounts.userId }).from(oauthAccounts).where(isIt);
  if (found === undefined) return null;
  const [user] = await tx
    .select({ status: users.status })
    .from(users)
    .where(eq(users.id, found.userId))
    .for('no key update');
  // Nobody confirmed the account, and it was removed at this moment.
  if (user === undefined) return null;
  refuseUnlessOpen(user.status);
  const [linked] = await tx.select().from(oauthAccounts).where(isIt).for('update');
  // It was unlinked meanwhile, or has become somebody else's.
  if (linked?.userId !== found.userId) return null;
  await keepTokens(tx, linked, back.tokens);
  return linked.userId;
}

/** Null: somebody else was faster. */
async function openAccount(tx: Tx, back: ComeBack, from: From): Promise<string | null> {
  const { provider, identity, tokens } = back;
  const { subject, email, isEmailVerified } = identity;
  if (email === null) throw new VezaError('oauth_denied', 'The provider gave us no address of theirs.');
  const [known] = await tx
    .select()
    .from(users)
    .where(sql`lower(${users.email}) = lower(${email})`)
    .for('no key update');
  if (known !== undefined && (known.isVerified || !isEmailVerified)) {
    // By another browser of theirs, at this moment: then the next look finds it.
    const [linked] = await tx.select().from(oauthAccounts).where(isOf(back));
    if (linked !== undefined) return null;
    throw accountExists();
  }
  const userId = known?.id ?? (await makeUser(tx, identity));
  if (userId === null) return null;
  const act = { ...from, actor: userId };
  if (known !== undefined) {
    refuseUnlessOpen(known.status);
    await dropSignIns(tx, userId, act);
    await tx.update(users).set({ email, isVerified: true }).where(eq(users.id, userId));
    await writeAuditLog(tx, act, {
      action: 'user.verify_email',
      subject: userSubject(userId),
      before: { isVerified: false },
      after: { isVerified: true, provider },
    });
  }
  const linkId = await addOauthAccount(tx, userId, { provider, subject }, tokens);
  // By another browser of theirs, at this moment. What was made here goes with the transaction.
  if (linkId === null) throw accountExists();
  const subjectOf = userSubject(userId);
  if (known === undefined) {
    await writeAuditLog(tx, act, {
      action: 'user.register',
      subject: subjectOf,
      before: null,
      after: { provider, isVerified: isEmailVerified },
    });
  }
  const after = { provider, oauthAccountId: linkId };
  await writeAuditLog(tx, act, { action: 'user.oauth_link', subject: subjectOf, before: null, after });
  return userId;
}

async function makeUser(tx: Tx, { email, isEmailVerified, name }: OauthIdentity): Promise<string | null> {
  const id = uuidv7();
  const made = await tx
    .insert(users)
    .values({ id, email: email ?? '', role: 'user', isVerified: isEmailVerified, registeredAt: sql`now()` })
    .onConflictDoNothing()
    .returning({ id: users.id });
  if (made.length === 0) return null;
  if (name !== null) await tx.insert(userProfiles).values({ userId: id, displayName: name });
  return id;
}

function refuseUnlessOpen(status: string): void {
  if (status === 'active' || status === 'closing') return;
  throw new VezaError('account_disabled', 'The account was disabled; ask the support.');
}

const accountExists = () =>
  new VezaError('account_exists', 'Another account has this address: sign in to it, and link the provider.');
