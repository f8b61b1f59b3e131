import { setTimeout as sleep } from 'node:timers/promises';
import { randomFrom } from '../../../stand-ins/kernel/random.ts';
import type { Veza } from '../../cli/veza.ts';
import type { FaultRun } from '../options.ts';
import type { Joined } from './counts.ts';

/** By these the script knows its own people, and their mails. */
export const MEMBERS_HOST = 'members.example';

export interface MemberTask {
  readonly apiUrl: string;
  readonly smtp: Veza['smtp'];
  readonly joined: Joined;
  readonly run: Pick<FaultRun, 'seed' | 'restMs'>;
  readonly number: number;
}

interface Account {
  readonly email: string;
  /** Each address comes from clients of its own: what limits count of one is no other's. */
  readonly network: string;
  /** Each ask for a mail comes from another client. */
  asks: number;
  password: string;
  /** An address gets one mail a minute, and five a day. */
  mailedAtMs: number;
  mails: number;
}

interface Session {
  readonly email: string;
  readonly accessToken: string;
  readonly refreshToken: string;
}

interface Answer {
  readonly status: number;
  readonly body: { readonly code?: string; readonly access_token?: string; readonly refresh_token?: string };
}

const MAIL_EVERY_MS = 61_000;
const MAILS_MAX = 4;
const REPEAT_AFTER_MS = 300;
const ANSWERED_WITHIN_MS = 60_000;
/** As many tabs refresh at once. */
const TABS = 3;

/** Registers, proves the address, signs in, refreshes in many tabs, changes and resets the password, until told to stop. */
export async function memberOn(task: MemberTask, until: AbortSignal): Promise<void> {
  const { run, number } = task;
  const random = randomFrom(run.seed * 1_000 + 700 + number);
  const chance = (share: number) => random() < share;
  const accounts: Account[] = [];
  let sessions: readonly Session[] = [];
  while (!until.aborted) {
    const old = accounts.find(
      ({ mailedAtMs, mails }) => mails < MAILS_MAX && Date.now() - mailedAtMs > MAIL_EVERY_MS,
    );
    if (old !== undefined && chance(0.5)) {
      await reset(task, old, random, until);
      sessions = sessions.filter(({ email }) => email !== old.email);
    } else if (accounts.length === 0 || chance(0.25)) {
      const account = await register(task, accounts.length, { isTwice: chance(0.2) }, until);
      if (account !== null) accounts.push(account);
    } else {
      const account = accounts[Math.floor(random() * accounts.length)]!;
      const mine = sessions.find(({ email }) => email === account.email);
      if (mine === undefined || chance(0.2)) {
        const opened = await signIn(task, account, until);
        if (opened !== null) sessions = [opened, ...sessions];
      } else if (chance(0.15)) {
        await changePassword(task, account, mine, random, until);
        // Other sessions of theirs have ended.
        sessions = sessions.filter((one) => one === mine || one.email !== account.email);
      } else {
        const next = await refreshAtOnce(task, account, mine, until);
        sessions = sessions.flatMap((one) => (one === mine ? (next ?? []) : one));
      }
    }
    await sleep(run.restMs, undefined, { signal: until }).catch(() => undefined);
  }
}

/** Until the mail is taken; two windows at once now and then. Null: the run is over. */
async function register(
  task: MemberTask,
  count: number,
  { isTwice }: { readonly isTwice: boolean },
  until: AbortSignal,
): Promise<Account | null> {
  const { joined, number } = task;
  const account: Account = {
    email: `m${number}-${count}-${Date.now().toString(36)}@${MEMBERS_HOST}`,
    network: `10.${number % 250}.${count % 250}`,
    asks: 0,
    password: `harbour ${number} of ${count} at noon`,
    mailedAtMs: 0,
    mails: 0,
  };
  const { email, password } = account;
  const windows = Array.from({ length: isTwice ? 2 : 1 }, () =>
    askForMail(task, account, '/auth/register', { email, password }, until),
  );
  const taken = await Promise.all(windows);
  if (!taken.includes(true)) return null;
  joined.accounts += 1;
  const token = tokenIn(task, email);
  const proved = await insist(task, account, '/auth/verify-email', { token }, until);
  if (proved === null) return null;
  if (proved.status !== 200) throw told('a link that was just mailed', proved);
  return account;
}

/** True: the server took the mail, as an answer of 202 promises. Null: the run is over. */
async function askForMail(
  task: MemberTask,
  account: Account,
  path: string,
  body: object,
  until: AbortSignal,
): Promise<boolean | null> {
  for (;;) {
    account.asks += 1;
    const answer = await insist(task, account, path, body, until);
    if (answer === null) return null;
    if (answer.status === 202) {
      account.mailedAtMs = Date.now();
      account.mails += 1;
      return true;
    }
    if (answer.body.code !== 'mail_not_sent') throw told(path, answer);
    task.joined.mailNotSent += 1;
    if (until.aborted) return null;
  }
}

/** The newest link that went to an address. */
function tokenIn({ smtp }: MemberTask, email: string): string {
  const mail = smtp.control.messages(email).findLast(({ links }) => links[0]?.includes('#token=') === true);
  const token = mail?.links[0]?.split('#token=')[1];
  if (token === undefined) throw new Error(`${email} was promised a mail, and the mail server took none`);
  return token;
}

async function signIn(task: MemberTask, account: Account, until: AbortSignal): Promise<Session | null> {
  const { email, password } = account;
  const answer = await insist(task, account, '/auth/login', { email, password }, until);
  if (answer === null) return null;
  if (answer.status !== 200) throw told('a sign-in', answer);
  task.joined.signIns += 1;
  return sessionOf(email, answer);
}

const sessionOf = (email: string, { body }: Answer): Session => ({
  email,
  accessToken: body.access_token ?? '',
  refreshToken: body.refresh_token ?? '',
});

/** All tabs get the same successor. Null: the session is over, since an answer was lost for longer than that is good for. */
async function refreshAtOnce(
  task: MemberTask,
  account: Account,
  session: Session,
  until: AbortSignal,
): Promise<Session | null> {
  const body = { refresh_token: session.refreshToken };
  const answers = await Promise.all(
    Array.from({ length: TABS }, () => insist(task, account, '/auth/refresh', body, until)),
  );
  const given = answers.filter((answer) => answer !== null);
  const good = given.filter(({ status }) => status === 200);
  const successors = new Set(good.map((answer) => answer.body.refresh_token));
  if (successors.size > 1)
    throw new Error(`a refresh token of ${session.email} has ${successors.size} successors`);
  for (const answer of given) {
    const isLost = ['refresh_token_reused', 'session_ended'].includes(answer.body.code ?? '');
    if (answer.status !== 200 && !isLost) throw told('a refresh', answer);
  }
  if (good.length === TABS) task.joined.refreshes += 1;
  const isOver = good.length < given.length;
  if (isOver) task.joined.lostSessions += 1;
  return isOver || good[0] === undefined ? null : sessionOf(session.email, good[0]);
}

async function changePassword(
  task: MemberTask,
  account: Account,
  session: Session,
  random: () => number,
  until: AbortSignal,
): Promise<void> {
  const next = `another harbour ${Math.floor(random() * 1e9)}`;
  const body = { current_password: account.password, new_password: next };
  const headers = { authorization: `Bearer ${session.accessToken}` };
  for (let isLost = false; ;) {
    const answer = await callOnce(task, account, 'PUT', '/users/me/password', body, headers);
    if (answer?.status === 204) break;
    // The first answer was lost, and the password is another by now.
    if (isLost && answer?.body.code === 'invalid_credentials') break;
    if (answer !== null && answer.status !== 503) throw told('a change of the password', answer);
    if (until.aborted) break;
    isLost ||= answer === null;
    task.joined.repeated += 1;
    await sleep(REPEAT_AFTER_MS);
  }
  account.password = next;
  task.joined.passwordChanges += 1;
}

async function reset(
  task: MemberTask,
  account: Account,
  random: () => number,
  until: AbortSignal,
): Promise<void> {
  const { email } = account;
  const before = task.smtp.control.messages(email).length;
  if ((await askForMail(task, account, '/auth/password-reset', { email }, until)) !== true) return;
  // A refusal of this one address would tell that it has an account: it is answered as if the mail had been sent.
  if (task.smtp.control.messages(email).length === before) {
    task.joined.resetsWithoutMail += 1;
    return;
  }
  const password = `a third harbour ${Math.floor(random() * 1e9)}`;
  const body = { token: tokenIn(task, email), password };
  const first = await insist(task, account, '/auth/password-reset/confirm', body, until);
  if (first === null) return;
  if (first.status !== 204 && first.body.code !== 'token_invalid') throw told('a reset', first);
  // The link was used by a call whose answer was lost, or it never counted: the process died once its mail was out.
  if (first.status !== 204 && !(await opens(task, account, password, until))) {
    task.joined.deadLinks += 1;
    return;
  }
  account.password = password;
  task.joined.resets += 1;
}

/** Whether this password is that of the account by now. False too where the run is over. */
async function opens(
  task: MemberTask,
  account: Account,
  password: string,
  until: AbortSignal,
): Promise<boolean> {
  account.asks += 1;
  const { email } = account;
  const answer = await insist(task, account, '/auth/login', { email, password }, until);
  if (answer === null || answer.body.code === 'invalid_credentials') return false;
  if (answer.status !== 200) throw told('a sign-in after a reset', answer);
  return true;
}

/** Again until there is an answer; null: the run is over, and there was none. */
async function insist(
  task: MemberTask,
  account: Account,
  path: string,
  body: object,
  until: AbortSignal,
): Promise<Answer | null> {
  for (const endsAtMs = Date.now() + ANSWERED_WITHIN_MS; ;) {
    const answer = await callOnce(task, account, 'POST', path, body);
    if (answer !== null && answer.status !== 503) return answer;
    if (until.aborted) return null;
    if (Date.now() > endsAtMs) throw new Error(`${path} is not answered`);
    task.joined.repeated += 1;
    await sleep(REPEAT_AFTER_MS);
  }
}

async function callOnce(
  { apiUrl }: MemberTask,
  { network, asks }: Account,
  method: string,
  path: string,
  body: object,
  headers: Record<string, string> = {},
): Promise<Answer | null> {
  try {
    const answer = await fetch(`${apiUrl}/api/v1${path}`, {
      method,
      headers: {
        'content-type': 'application/json',
        ...headers,
        'x-forwarded-for': `${network}.${(asks % 250) + 1}`,
      },
      body: JSON.stringify(body),
    });
    const text = await answer.text();
    return { status: answer.status, body: (text === '' ? {} : JSON.parse(text)) as Answer['body'] };
  } catch {
    return null;
  }
}

const told = (what: string, { status, body }: Answer) =>
  new Error(`${what} was answered ${status}: ${JSON.stringify(body)}`);
