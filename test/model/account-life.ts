import { eq, sql } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { expect } from 'vitest';
import { keyFor } from '../../api/middleware/keys.ts';
import { giveAdmin, takeAdmin } from '../../db/accounts/index.ts';
import { scopeOf } from '../../db/accounts/limits/scope.ts';
import { authFailures } from '../../db/accounts/tokens/schema.ts';
import { twoFactors } from '../../db/accounts/second-factor/schema.ts';
import { refreshTokens, sessions } from '../../db/accounts/sessions/schema.ts';
import { hashOfSecret } from '../../db/accounts/sessions/open.ts';
import { mails, users } from '../../db/accounts/schema.ts';
import { auditLog } from '../../db/kernel/schema.ts';
import { Visitor, type VisitorAnswer } from '../accounts/visitor.ts';
import { makePerson } from '../harness/shop.ts';
import type { Person, World } from '../harness/world.ts';
import { codeOf } from '../ops/credentials.ts';
import {
  type Account,
  type Books,
  byToken,
  type CodeKind,
  emptyBooks,
  type Outcome,
  type Session,
} from './accounts.ts';

/** One person's life with their account, and what drives it. */
export class Life {
  readonly world: World;
  readonly admin: Person;
  readonly by: Visitor;
  /** The last code that an app showed. */
  #shown = '';
  readonly #email: string;

  private constructor(world: World, admin: Person, email: string) {
    this.world = world;
    this.admin = admin;
    this.#email = email;
    // Each life is a network of its own: what limits count of one is no other's.
    const [a, b] = [admin.id.slice(-8, -4), admin.id.slice(-4)];
    this.by = new Visitor(() => world.apiUrl, { ip: `2001:db8:${a}:${b}::1`, browser: 'a model' });
  }

  static async begin(world: World): Promise<{ life: Life; books: Books }> {
    const email = `model-${uuidv7()}@people.example`;
    const admin = await makePerson(world, 'admin');
    return { life: new Life(world, admin, email), books: emptyBooks(email) };
  }

  get db() {
    return this.world.database.db;
  }

  /** One call, as the person of a session or as nobody; what it is answered must be what the model says. */
  async ask(
    session: Session | null,
    method: string,
    path: string,
    body: object | undefined,
    outcome: Outcome,
  ): Promise<VisitorAnswer> {
    const headers = session === null ? undefined : { authorization: `Bearer ${session.accessToken}` };
    const answer = await this.by.call(method, path, body, headers);
    const code = answer.status < 300 ? null : answer.body.code;
    expect(code, `${method} ${path} was answered ${answer.status} ${answer.text}`).toBe(outcome);
    return answer;
  }

  /** A call that a mail belongs to: the token of its link, null where the mail has none. */
  async askForMail(path: string, body: object): Promise<string | null> {
    const { control } = this.world.smtp;
    // An address gets one a minute.
    const scope = scopeOf(keyFor(this.world.config, 'limits'), 'mail', this.#email);
    await this.db.delete(authFailures).where(eq(authFailures.scope, scope));
    const before = control.messages(this.#email).length;
    const answer = await this.by.post(path, body);
    expect(answer.status, answer.text).toBe(202);
    const [mail, ...others] = control.messages(this.#email).slice(before);
    expect(others).toEqual([]);
    return mail?.links[0]?.split('#token=')[1] ?? null;
  }

  async act(action: 'disable' | 'enable' | 'end_sessions'): Promise<void> {
    const subject = `account/${await this.userId()}`;
    const asked = { action, subject, reason: 'the model says so' };
    const { status, body } = await this.world.post(this.admin, '/admin/actions', asked);
    expect(status, JSON.stringify(body)).toBe(200);
  }

  /** Two admins have agreed to it. */
  async changeRole(role: Account['role']): Promise<void> {
    const act = { actor: this.admin.id, reason: 'the model says so' };
    const userId = await this.userId();
    const verb = role === 'admin' ? takeAdmin : giveAdmin;
    await this.db.transaction((tx) => verb(tx, userId, act));
  }

  async userId(): Promise<string> {
    const [user] = await this.db.select({ id: users.id }).from(users).where(eq(users.email, this.#email));
    return user?.id ?? '';
  }

  /** A token was used so long ago. */
  used(token: string, { agoS }: { readonly agoS: number }) {
    return this.db
      .update(refreshTokens)
      .set({ usedAt: sql`clock_timestamp() - ${agoS} * interval '1 second'` })
      .where(eq(refreshTokens.tokenHash, hashOfSecret(token)));
  }

  /** Waits are over; codes of before are of an older half minute. */
  async timePasses(): Promise<void> {
    await this.db.update(authFailures).set({ blockedUntil: sql`clock_timestamp()` });
    await this.db
      .update(twoFactors)
      .set({ lastStep: sql`${twoFactors.lastStep} - 3` })
      .where(eq(twoFactors.userId, await this.userId()));
    await this.db
      .update(twoFactors)
      .set({ blockedUntil: sql`clock_timestamp()` })
      .where(sql`${twoFactors.userId} = ${await this.userId()} AND ${twoFactors.blockedUntil} IS NOT NULL`);
  }

  /** The code that an app shows now. */
  appCode(secret: string): string {
    this.#shown = codeOf(secret, Date.now());
    return this.#shown;
  }

  codeFor({ account }: Books, kind: CodeKind, at: number): string {
    const factor = account?.factor ?? null;
    if (factor === null) return '123456';
    // A code that was used is shown again, though half a minute may have gone by: the app would have another one by then.
    if (kind === 'app') return factor.isStepUsed ? this.#shown : this.appCode(factor.secret);
    if (kind === 'wrong') return wrongCode(factor.secret);
    const used = [...factor.usedCodes];
    const left = factor.backupCodes.filter((code) => !factor.usedCodes.has(code));
    const codes = kind === 'used backup' ? used : left;
    return codes[at % codes.length] ?? wrongCode(factor.secret);
  }

  /** The rows show what the model foretells, and one session lives or not for whoever holds its token. */
  async agree(books: Books, at: number): Promise<void> {
    const id = await this.userId();
    const [user] = await this.db.select().from(users).where(eq(users.email, this.#email));
    const { account } = books;
    const foretold = account && {
      isVerified: account.isVerified,
      status: account.isDisabled ? 'disabled' : 'active',
      role: account.role,
    };
    const stands = user && { isVerified: user.isVerified, status: user.status, role: user.role };
    expect(stands ?? null).toEqual(foretold);
    if (account === null) return;
    const rows = await this.db.select().from(sessions).where(eq(sessions.userId, id));
    const seen = rows.map(({ id: sessionId, amr, endReason }) => ({ id: sessionId, amr, ended: endReason }));
    const model = books.sessions.map(({ id: sessionId, amr, ended }) => ({ id: sessionId, amr, ended }));
    expect(byId(seen)).toEqual(byId(model));
    expect(await this.#counted(mails.kind, mails, eq(mails.userId, id))).toEqual(books.mails);
    const told = eq(auditLog.subject, `account/${id}`);
    expect(await this.#counted(auditLog.action, auditLog, told)).toEqual(books.audit);
    const session = books.sessions[at % books.sessions.length];
    if (session !== undefined) await this.ask(session, 'GET', '/users/me', undefined, byToken(session));
  }

  async #counted(
    column: typeof mails.kind | typeof auditLog.action,
    table: typeof mails | typeof auditLog,
    where: ReturnType<typeof eq>,
  ): Promise<Record<string, number>> {
    const rows = await this.db
      .select({ kind: column, count: sql<number>`count(*)::int` })
      .from(table)
      .where(where)
      .groupBy(column);
    return Object.fromEntries(rows.map(({ kind, count }) => [kind, count]));
  }

  /** Each chain of refresh tokens has one end, of which no other token is the successor twice. */
  async chainsAreWhole(books: Books): Promise<void> {
    for (const { id, chain } of books.sessions) {
      const rows = await this.db.select().from(refreshTokens).where(eq(refreshTokens.sessionId, id));
      expect(rows).toHaveLength(chain.length);
      expect(rows.filter(({ usedAt }) => usedAt === null)).toHaveLength(1);
      const successors = rows.flatMap(({ successorId }) => successorId ?? []);
      expect(new Set(successors).size).toBe(chain.length - 1);
    }
  }
}

const byId = <Row extends { readonly id: string }>(rows: readonly Row[]) =>
  rows.toSorted((a, b) => a.id.localeCompare(b.id));

/** Of none of the half minutes that count now. */
function wrongCode(secret: string): string {
  const good = [-2, -1, 0, 1, 2].map((steps) => codeOf(secret, Date.now() + steps * 30_000));
  const wrong = ['111111', '222222', '333333', '444444', '555555', '666666'];
  return wrong.find((code) => !good.includes(code)) ?? '777777';
}
