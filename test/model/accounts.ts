import type { SessionEndReason } from '../../domain/accounts/sessions.ts';
import type { Told } from './command.ts';

// The model: what one person's account is, and what each call makes of it. Pure, and without a look at our code's words.

/** From this failure on a client waits, for one account. */
const PASSWORD_FAILURES = 5;
const CHALLENGE_FAILURES = 5;
const CODE_FAILURES = 10;

export interface Session {
  readonly id: string;
  readonly accessToken: string;
  /** Refresh tokens in their order; the last one is current. */
  readonly chain: string[];
  readonly amr: string[];
  ended: SessionEndReason | null;
}

export interface Challenge {
  readonly token: string;
  readonly amr: readonly string[];
  failures: number;
  ended: boolean;
}

export interface Link {
  readonly token: string;
  readonly purpose: 'verify' | 'reset';
  state: 'good' | 'used' | 'withdrawn';
}

/** A second factor that is on. */
export interface Factor {
  readonly secret: string;
  readonly backupCodes: readonly string[];
  readonly usedCodes: Set<string>;
  /** The code of this half minute was taken, until time passes. */
  isStepUsed: boolean;
  failures: number;
  isStopped: boolean;
}

export interface Account {
  password: string;
  isVerified: boolean;
  isDisabled: boolean;
  role: 'user' | 'creator' | 'admin';
  isPromoted: boolean;
  factor: Factor | null;
}

export interface Books extends Told {
  readonly email: string;
  account: Account | null;
  readonly sessions: Session[];
  readonly challenges: Challenge[];
  readonly links: Link[];
  /** Wrong passwords in a row, as this client is counted. */
  failures: number;
  isWaiting: boolean;
  /** Mails that are rows, and lines of the audit log, by their kinds. */
  readonly mails: Record<string, number>;
  readonly audit: Record<string, number>;
}

/** Null: done; else the code of the problem. */
export type Outcome = string | null;

export const emptyBooks = (email: string): Books => ({
  ...{ email, account: null, sessions: [], challenges: [], links: [], commands: [] },
  ...{ failures: 0, isWaiting: false, mails: {}, audit: {} },
});

export const count = (counts: Record<string, number>, kind: string): void => {
  counts[kind] = (counts[kind] ?? 0) + 1;
};

export const openSessions = ({ sessions }: Books) => sessions.filter(({ ended }) => ended === null);

function end(books: Books, reason: SessionEndReason, spared?: Session): number {
  const ending = openSessions(books).filter((session) => session !== spared);
  for (const session of ending) session.ended = reason;
  return ending.length;
}

const endChallenges = ({ challenges }: Books) => {
  for (const challenge of challenges) challenge.ended = true;
};

function withdraw({ links }: Books, purpose?: Link['purpose']): void {
  for (const link of links)
    if (link.state === 'good' && (purpose === undefined || link.purpose === purpose))
      link.state = 'withdrawn';
}

/** Whether a mail with a link goes out, instead of one that says that there is an account. */
export function register(books: Books, password: string): boolean {
  const { account } = books;
  if (account?.isVerified === true) return false;
  count(books.audit, 'user.register');
  withdraw(books);
  if (account === null) {
    const set = { password, isVerified: false, isDisabled: false, role: 'user', isPromoted: false } as const;
    books.account = { ...set, factor: null };
  } else account.password = password;
  return true;
}

export function askForReset(books: Books): boolean {
  if (books.account === null) return false;
  withdraw(books, 'reset');
  return true;
}

export function verify(books: Books, link: Link): Outcome {
  const { account } = books;
  if (account === null || link.purpose !== 'verify') return 'token_invalid';
  if (link.state === 'used' && account.isVerified) return null;
  if (link.state !== 'good') return 'token_invalid';
  link.state = 'used';
  if (!account.isVerified) count(books.audit, 'user.verify_email');
  account.isVerified = true;
  return null;
}

export function reset(books: Books, link: Link, password: string): Outcome {
  const { account } = books;
  if (account === null || link.purpose !== 'reset' || link.state !== 'good') return 'token_invalid';
  link.state = 'used';
  account.password = password;
  account.isVerified = true;
  withdraw(books);
  endChallenges(books);
  end(books, 'password_reset');
  count(books.audit, 'user.password_reset');
  count(books.mails, 'password_changed');
  return null;
}

/** Wherever a password is asked for: too many wrong ones in a row, and the right one waits too. */
export function prove(books: Books, password: string): Outcome {
  if (books.isWaiting) return 'too_many_attempts';
  if (books.account !== null && books.account.password === password) {
    books.failures = 0;
    return null;
  }
  books.failures += 1;
  if (books.failures >= PASSWORD_FAILURES) {
    books.isWaiting = true;
    if (books.account !== null) count(books.audit, 'user.login_blocked');
  }
  return 'invalid_credentials';
}

/** Null: a session, or a challenge where the second factor is on. */
export function login(books: Books, password: string): Outcome {
  const refused = prove(books, password);
  if (refused !== null || books.account === null) return refused;
  if (books.account.isDisabled) return 'account_disabled';
  if (!books.account.isVerified) return 'email_not_verified';
  if (books.account.factor === null) count(books.audit, 'user.login');
  return null;
}

export type CodeKind = 'app' | 'wrong' | 'backup' | 'used backup';

/** What a code of a second factor is answered; every attempt counts before it is known how it ends. */
export function proveCode(books: Books, factor: Factor, kind: CodeKind, code: string): Outcome {
  if (factor.isStopped) return 'too_many_attempts';
  factor.failures += 1;
  const isStopped = factor.failures >= CODE_FAILURES;
  if (kind === 'app' ? !factor.isStepUsed : kind === 'backup' && !factor.usedCodes.has(code)) {
    factor.failures = 0;
    if (kind === 'app') factor.isStepUsed = true;
    else {
      factor.usedCodes.add(code);
      count(books.mails, 'backup_code_used');
    }
    return null;
  }
  if (isStopped) {
    factor.isStopped = true;
    count(books.audit, 'user.login_blocked');
    count(books.mails, 'two_factor_blocked');
  }
  return 'two_factor_invalid';
}

export function meet(books: Books, challenge: Challenge, kind: CodeKind, code: string): Outcome {
  const { account } = books;
  if (challenge.ended || challenge.failures >= CHALLENGE_FAILURES) return 'challenge_ended';
  if (account === null || account.factor === null) return 'two_factor_is_off';
  const refused = proveCode(books, account.factor, kind, code);
  // A code that was not compared is no attempt.
  if (refused !== 'too_many_attempts') challenge.failures += 1;
  if (refused !== null) return refused;
  if (account.isDisabled) return 'account_disabled';
  challenge.ended = true;
  count(books.audit, 'user.login');
  return null;
}

export const byToken = ({ ended }: Session): Outcome => (ended === null ? null : 'session_ended');

/** `at`: which token of the chain; `isLate`: longer than ten seconds after it was used. */
export function refresh(books: Books, session: Session, at: number, isLate: boolean): Outcome {
  if (session.ended !== null) return 'session_ended';
  if (at === session.chain.length - 1 || !isLate) return null;
  session.ended = 'refresh_token_reused';
  count(books.audit, 'session.reuse');
  count(books.mails, 'session_reuse');
  return 'refresh_token_reused';
}

export function logout(books: Books, session: Session): Outcome {
  const refused = byToken(session);
  if (refused !== null) return refused;
  session.ended = 'logout';
  count(books.audit, 'user.logout');
  return null;
}

export function endSession(books: Books, by: Session, other: Session): Outcome {
  const refused = byToken(by);
  if (refused !== null) return refused;
  if (other.ended !== null) return 'session_not_found';
  other.ended = 'revoked';
  count(books.audit, 'session.end');
  return null;
}

export function endOthers(books: Books, by: Session): Outcome {
  const refused = byToken(by);
  if (refused === null && end(books, 'revoked', by) > 0) count(books.audit, 'session.end');
  return refused;
}

export function changePassword(books: Books, by: Session, current: string, next: string): Outcome {
  const refused = byToken(by) ?? prove(books, current);
  if (refused !== null) return refused;
  books.account!.password = next;
  withdraw(books);
  endChallenges(books);
  end(books, 'password_changed', by);
  count(books.audit, 'user.password_change');
  count(books.mails, 'password_changed');
  return null;
}

/** The first half of turning it on: a secret that guards nothing yet. */
export const setUp = (books: Books, by: Session, password: string): Outcome =>
  byToken(by) ?? prove(books, password) ?? (books.account!.factor === null ? null : 'two_factor_is_on');

export function turnOn(books: Books, by: Session, secret: string, backupCodes: readonly string[]): void {
  books.account!.factor = {
    ...{ secret, backupCodes, usedCodes: new Set<string>() },
    ...{ isStepUsed: true, failures: 0, isStopped: false },
  };
  end(books, 'two_factor_changed', by);
  if (!by.amr.includes('otp')) by.amr.push('otp');
  count(books.audit, 'user.two_factor_on');
  count(books.mails, 'two_factor_on');
}

export function turnOff(books: Books, by: Session, password: string, kind: CodeKind, code: string): Outcome {
  const refused = byToken(by) ?? prove(books, password);
  if (refused !== null) return refused;
  const { factor } = books.account!;
  if (factor === null) return 'two_factor_is_off';
  const wrong = proveCode(books, factor, kind, code);
  if (wrong !== null) return wrong;
  books.account!.factor = null;
  endChallenges(books);
  end(books, 'two_factor_changed', by);
  count(books.audit, 'user.two_factor_off');
  count(books.mails, 'two_factor_off');
  return null;
}

export function upgrade(books: Books, by: Session): Outcome {
  const refused = byToken(by);
  const account = books.account!;
  if (refused !== null || account.role !== 'user') return refused;
  account.role = 'creator';
  account.isPromoted = true;
  count(books.audit, 'user.upgrade_creator');
  return null;
}

/** Admins make another one of them, or take that back. */
export function changeRole(books: Books): void {
  const account = books.account!;
  if (account.role !== 'admin') account.role = 'admin';
  else account.role = account.isPromoted ? 'creator' : 'user';
  count(books.audit, 'user.role');
}

/** What an admins' page answers. */
export function atAdmin(books: Books, by: Session): Outcome {
  const refused = byToken(by);
  if (refused !== null) return refused;
  if (books.account!.role !== 'admin') return 'forbidden';
  return by.amr.some((method) => method === 'otp' || method === 'backup') ? null : 'two_factor_required';
}

export function disable(books: Books): void {
  books.account!.isDisabled = true;
  end(books, 'account_disabled');
  count(books.audit, 'user.disable');
}

export function enable(books: Books): void {
  books.account!.isDisabled = false;
  count(books.audit, 'user.enable');
}

export function endAll(books: Books): void {
  if (end(books, 'by_operator') > 0) count(books.audit, 'session.end');
}

/** Waits are over, and the next half minute has begun. */
export function timePasses(books: Books): void {
  books.isWaiting = false;
  const factor = books.account?.factor ?? null;
  if (factor === null) return;
  factor.isStepUsed = false;
  if (factor.isStopped) Object.assign(factor, { isStopped: false, failures: 0 });
}
