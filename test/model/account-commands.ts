import fc from 'fast-check';
import type { AnswerBody } from '../accounts/support.ts';
import * as model from './accounts.ts';
import type { Life } from './account-life.ts';
import {
  type Books,
  type Challenge,
  type CodeKind,
  type Link,
  openSessions,
  type Session,
} from './accounts.ts';
import { type Command, commandsOf, many } from './command.ts';

// What may happen to an account, as fast-check draws and shrinks it. Each asks the API, and the model says what it answers.

export type AccountCommand = Command<Books, Life>;

const command = commandsOf<Books, Life>();
const pick = fc.nat(20_000);
const seldom = fc.nat(4).map((n) => n === 0);
const passwordOf = (n: number) => `harbour number ${n} at noon`;
const WRONG = 'a harbour of somebody else';
const SESSIONS_MAX = 6;

/** Open ones three times as often as any. */
function sessionBy(books: Books, at: number): Session | null {
  const open = openSessions(books);
  const from = open.length > 0 && at % 4 !== 0 ? open : books.sessions;
  return from.length === 0 ? null : from[at % from.length]!;
}

function opened(
  books: Books,
  { session, access_token: accessToken, refresh_token: token }: AnswerBody,
): void {
  const { id, amr } = session as { id: string; amr?: string[] };
  books.sessions.push({ id, accessToken, chain: [token], amr: [...(amr ?? [])], ended: null });
}

export const registrations = fc.record({ password: pick }).map((args) =>
  command(
    'register',
    args,
    (books) => (books.links.length < 6 ? books : null),
    async (life, books) => {
      const password = passwordOf(args.password);
      const hasLink = model.register(books, password);
      const token = await life.askForMail('/auth/register', { email: books.email, password });
      keepLink(books, 'verify', hasLink, token);
    },
  ),
);

const resetAsks = fc.constant(null).map(() =>
  command(
    'ask for a reset',
    null,
    (books) => (books.links.length < 6 ? books : null),
    async (life, books) => {
      const hasLink = model.askForReset(books);
      const token = await life.askForMail('/auth/password-reset', { email: books.email });
      keepLink(books, 'reset', hasLink, token);
    },
  ),
);

function keepLink(books: Books, purpose: Link['purpose'], isForetold: boolean, token: string | null): void {
  if ((token !== null) !== isForetold) throw new Error(`a link was ${isForetold ? '' : 'not '}foretold`);
  if (token !== null) books.links.push({ token, purpose, state: 'good' });
}

/** The newest most often. */
const linkBy = ({ links }: Books, at: number) =>
  links.length === 0 ? null : (at % 3 === 0 ? links[at % links.length] : links.at(-1))!;

export const verifications = fc.record({ at: pick }).map((args) =>
  command(
    'verify',
    args,
    (books) => linkBy(books, args.at),
    async (life, books, link) => {
      const { token } = link;
      await life.ask(null, 'POST', '/auth/verify-email', { token }, model.verify(books, link));
    },
  ),
);

const resets = fc.record({ at: pick, password: pick }).map((args) =>
  command(
    'reset',
    args,
    (books) => linkBy(books, args.at),
    async (life, books, link) => {
      const password = passwordOf(args.password);
      const { token } = link;
      const outcome = model.reset(books, link, password);
      await life.ask(null, 'POST', '/auth/password-reset/confirm', { token, password }, outcome);
    },
  ),
);

export const logins = fc.record({ isWrong: seldom }).map((args) =>
  command(
    'login',
    args,
    (books) => (openSessions(books).length < SESSIONS_MAX ? books : null),
    async (life, books) => {
      const password = args.isWrong ? WRONG : (books.account?.password ?? WRONG);
      const hasFactor = (books.account?.factor ?? null) !== null;
      const outcome = model.login(books, password);
      const { body } = await life.ask(null, 'POST', '/auth/login', { email: books.email, password }, outcome);
      if (outcome !== null) return;
      if (hasFactor) {
        const { challenge } = body.two_factor;
        books.challenges.push({ token: challenge, amr: ['pwd'], failures: 0, ended: false });
      } else opened(books, body);
    },
  ),
);

/** So many wrong passwords that a wait begins, and the right one. */
const guesses = fc.record({ times: fc.integer({ min: 2, max: 6 }) }).map((args) =>
  command(
    'guess passwords',
    args,
    (books) => books,
    async (life, books) => {
      for (let time = 0; time < args.times; time += 1) {
        const outcome = model.login(books, WRONG);
        await life.ask(null, 'POST', '/auth/login', { email: books.email, password: WRONG }, outcome);
      }
    },
  ),
);

const codeKind = fc.constantFrom<CodeKind[]>('app', 'app', 'app', 'wrong', 'backup', 'used backup');

const challengeBy = ({ challenges }: Books, at: number): Challenge | null =>
  challenges.length === 0 ? null : (at % 4 === 0 ? challenges[at % challenges.length] : challenges.at(-1))!;

const meetings = fc.record({ at: pick, kind: codeKind, times: fc.constantFrom(1, 1, 1, 2, 6) }).map((args) =>
  command(
    'meet a challenge',
    args,
    (books) => challengeBy(books, args.at),
    async (life, books, challenge) => {
      for (let time = 0; time < args.times; time += 1) {
        const code = life.codeFor(books, args.kind, args.at + time);
        const outcome = model.meet(books, challenge, args.kind, code);
        const isBackup = code.length > 6;
        const given = { challenge: challenge.token, [isBackup ? 'backup_code' : 'code']: code };
        const { body } = await life.ask(null, 'POST', '/auth/two-factor', given, outcome);
        if (outcome === null) opened(books, body);
      }
    },
  ),
);

const refreshes = fc
  .record({ at: pick, back: fc.constantFrom(0, 0, 0, 1, 1, 2), isLate: seldom })
  .map((args) =>
    command(
      'refresh',
      args,
      (books) => sessionBy(books, args.at),
      async (life, books, session) => {
        const { chain } = session;
        const at = Math.max(chain.length - 1 - args.back, 0);
        const token = chain[at]!;
        if (at < chain.length - 1) await life.used(token, { agoS: args.isLate ? 11 : 1 });
        const outcome = model.refresh(books, session, at, args.isLate);
        const { body } = await life.ask(null, 'POST', '/auth/refresh', { refresh_token: token }, outcome);
        if (outcome !== null) return;
        if (at === chain.length - 1) chain.push(body.refresh_token);
        else if (body.refresh_token !== chain[at + 1]) throw new Error('two successors of one refresh token');
      },
    ),
  );

const logouts = fc.record({ at: pick }).map((args) =>
  command(
    'log out',
    args,
    (books) => sessionBy(books, args.at),
    async (life, books, session) => {
      await life.ask(session, 'POST', '/auth/logout', undefined, model.logout(books, session));
    },
  ),
);

const sessionEnds = fc.record({ at: pick, other: pick }).map((args) =>
  command(
    'end a session',
    args,
    (books) => sessionBy(books, args.at),
    async (life, books, session) => {
      const other = sessionBy(books, args.other)!;
      const outcome = model.endSession(books, session, other);
      await life.ask(session, 'DELETE', `/users/me/sessions/${other.id}`, undefined, outcome);
    },
  ),
);

const otherEnds = fc.record({ at: pick }).map((args) =>
  command(
    'end other sessions',
    args,
    (books) => sessionBy(books, args.at),
    async (life, books, session) => {
      await life.ask(session, 'DELETE', '/users/me/sessions', undefined, model.endOthers(books, session));
    },
  ),
);

const passwordChanges = fc.record({ at: pick, isWrong: seldom, password: pick }).map((args) =>
  command(
    'change the password',
    args,
    (books) => sessionBy(books, args.at),
    async (life, books, session) => {
      const current = args.isWrong ? WRONG : books.account!.password;
      const next = passwordOf(args.password);
      const outcome = model.changePassword(books, session, current, next);
      const body = { current_password: current, new_password: next };
      await life.ask(session, 'PUT', '/users/me/password', body, outcome);
    },
  ),
);

export const factorsOn = fc.record({ at: pick, isWrong: seldom }).map((args) =>
  command(
    'turn the second factor on',
    args,
    (books) => sessionBy(books, args.at),
    async (life, books, session) => {
      const { password } = books.account!;
      const outcome = model.setUp(books, session, password);
      const { body } = await life.ask(session, 'POST', '/users/me/two-factor', { password }, outcome);
      if (outcome !== null) return;
      const confirm = (code: string, answer: string | null) =>
        life.ask(session, 'POST', '/users/me/two-factor/confirm', { code }, answer);
      if (args.isWrong) await confirm('01-AAAAA-AAAAA', 'two_factor_invalid');
      const confirmed = await confirm(life.appCode(body.secret), null);
      model.turnOn(books, session, body.secret, confirmed.body.backup_codes);
    },
  ),
);

const factorsOff = fc.record({ at: pick, kind: codeKind }).map((args) =>
  command(
    'turn the second factor off',
    args,
    (books) => sessionBy(books, args.at),
    async (life, books, session) => {
      const { password } = books.account!;
      const code = life.codeFor(books, args.kind, args.at);
      const outcome = model.turnOff(books, session, password, args.kind, code);
      await life.ask(session, 'DELETE', '/users/me/two-factor', { password, code }, outcome);
    },
  ),
);

const upgrades = fc.record({ at: pick }).map((args) =>
  command(
    'upgrade',
    args,
    (books) => sessionBy(books, args.at),
    async (life, books, session) => {
      await life.ask(session, 'POST', '/users/me/upgrade-creator', undefined, model.upgrade(books, session));
    },
  ),
);

const roles = fc.record({ at: pick }).map((args) =>
  command(
    'the role changes',
    args,
    ({ account }) => (account?.isVerified === true && !account.isDisabled ? account : null),
    async (life, books, { role }) => {
      await life.changeRole(role);
      model.changeRole(books);
      const session = sessionBy(books, args.at);
      if (session !== null)
        await life.ask(session, 'GET', '/admin/flags', undefined, model.atAdmin(books, session));
    },
  ),
);

const standings = fc.constant(null).map(() =>
  command(
    'disabled or enabled',
    null,
    ({ account }) => account,
    async (life, books, { isDisabled }) => {
      await life.act(isDisabled ? 'enable' : 'disable');
      (isDisabled ? model.enable : model.disable)(books);
    },
  ),
);

const operatorEnds = fc.constant(null).map(() =>
  command(
    'an operator ends the sessions',
    null,
    ({ account }) => (account?.isDisabled === false ? account : null),
    async (life, books) => {
      await life.act('end_sessions');
      model.endAll(books);
    },
  ),
);

const times = fc.constant(null).map(() =>
  command(
    'time passes',
    null,
    (books) => books.account,
    async (life, books) => {
      await life.timePasses();
      model.timePasses(books);
    },
  ),
);

/** Weighted: what leads to other things comes more often, and what waits for a mail server or many hashes seldom. */
export const ALL: fc.Arbitrary<AccountCommand>[] = [
  ...many(8, logins),
  ...many(10, refreshes),
  ...many(12, meetings),
  ...many(3, factorsOn),
  ...many(3, passwordChanges),
  ...many(3, times),
  ...many(2, logouts),
  ...many(2, sessionEnds),
  ...many(2, factorsOff),
  ...many(2, roles),
  ...many(2, verifications),
  ...many(2, resets),
  ...many(2, standings),
  ...[otherEnds, upgrades, guesses, operatorEnds, registrations, resetAsks],
];
