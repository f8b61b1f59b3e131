import type { Context, Handler } from 'hono';
import { raw } from 'hono/html';
import QRCode from 'qrcode';
import {
  keepSecret,
  newBackupCodes,
  newSecret,
  proveNewSecret,
  readSecret,
  readUser,
  stepUp,
  turnOn,
  uriOf,
} from '../../../db/accounts/index.ts';
import { CONSOLE_SESSION, isSignInFailure } from '../../../domain/accounts/index.ts';
import { type ErrorCode, VezaError } from '../../../domain/errors.ts';
import { fromOf } from '../act-of.ts';
import type { ConsoleDeps, ConsoleEnv, Session } from '../deps.ts';
import { readForm } from '../form.ts';
import { type Content, html, type Html } from '../html.ts';
import { document, hiddenToken } from '../layout.ts';
import { reauthenticate } from '../reauthenticate.ts';
import { openSession } from '../session.ts';
import { tooMany } from '../sign-in.ts';

/** Where an admin without a second factor is led: nothing else of the console opens before. */
export const showSecondFactor =
  (deps: ConsoleDeps): Handler<ConsoleEnv> =>
  async (c) => {
    assertOfConsole(c.var.session);
    const known = await readSecret(deps.db, c.var.session.caller.userId);
    return c.html(setUpPage(c, { known, notice: null }));
  };

/**
 * By the password makes a secret, which this answer alone shows; or, by a code of it, turns the second factor on. Only in a
 * session of the console: by a stolen token nobody becomes a whole admin.
 */
export const setUpSecondFactor =
  (deps: ConsoleDeps): Handler<ConsoleEnv> =>
  async (c) => {
    assertOfConsole(c.var.session);
    const form = await readForm(c, deps);
    const known = await readSecret(deps.db, c.var.session.caller.userId);
    if (known?.isConfirmed === true) {
      throw new VezaError('two_factor_is_on', 'The second factor is on already.');
    }
    const code = form.text('code').trim();
    try {
      if (known === null || code === '') return c.html(await begin(c, deps, form.text('password')));
      return c.html(await turnOnBy(c, deps, code));
    } catch (error) {
      if (!(error instanceof VezaError) || !isAnsweredHere(error.code)) throw error;
      if (isSignInFailure(error.code)) deps.signInFailed(error.code);
      return c.html(setUpPage(c, { known, notice: error.detail }), ANSWERED_HERE[error.code]);
    }
  };

/** What the page itself says, above its forms. */
const ANSWERED_HERE = {
  invalid_credentials: 401,
  two_factor_invalid: 401,
  reauthentication_required: 403,
  too_many_attempts: 429,
  overloaded: 503,
} as const satisfies Partial<Record<ErrorCode, number>>;
const isAnsweredHere = (code: ErrorCode): code is keyof typeof ANSWERED_HERE => code in ANSWERED_HERE;

function assertOfConsole({ isOfConsole }: Session): void {
  if (isOfConsole) return;
  throw new VezaError('forbidden', 'Sign in to the console by e-mail and password first.');
}

async function begin(c: Context<ConsoleEnv>, deps: ConsoleDeps, password: string): Promise<Html> {
  const { caller, sessionId } = c.var.session;
  const { userId } = caller;
  const user = await readUser(deps.db, userId);
  if (user === null) throw new VezaError('user_not_found', `There is no user ${userId}.`);
  await reauthenticate(c, deps, user, password);
  const secret = newSecret();
  await keepSecret(deps.db, { userId, sessionId }, secret);
  const image = await QRCode.toString(uriOf(secret, user.email), { type: 'svg' });
  return secretPage(c, { secret, image });
}

async function turnOnBy(c: Context<ConsoleEnv>, deps: ConsoleDeps, code: string): Promise<Html> {
  const { caller, sessionId } = c.var.session;
  const { userId } = caller;
  const { db, now, passwords } = deps;
  if (sessionId === null) throw new Error('a session of the console has no id');
  const from = fromOf(c, deps);
  const codes = newBackupCodes();
  const hashes = [];
  // First, since under load it is refused: nothing counts as an attempt then.
  for (const { number, rest } of codes) hashes.push({ number, codeHash: await passwords.hash(rest) });
  const proved = await proveNewSecret(db, { userId, code, atMs: now().getTime() }, from);
  if ('waitS' in proved) throw tooMany(c, proved.waitS);
  await turnOn(db, { userId, sessionId }, { ...proved, codes: hashes }, { ...from, actor: userId });
  const token = await stepUp(db, sessionId, 'otp');
  openSession(c, deps, token, CONSOLE_SESSION.ttlMs);
  c.set('session', { ...c.var.session, token, isProved: true });
  return codesPage(
    c,
    codes.map(({ text }) => text),
  );
}

/** Before there is a secret, and after: who has one may give a code of it, or begin anew. It is not shown again. */
function setUpPage(
  c: Context<ConsoleEnv>,
  {
    known,
    notice,
  }: { readonly known: Awaited<ReturnType<typeof readSecret>>; readonly notice: string | null },
): Html {
  if (known?.isConfirmed === true) {
    const body = html`<p class="lead">The second factor is on. Sign in again, and give a code.</p>`;
    return document(c, { title: TITLE, body });
  }
  const hasBegun = known !== null;
  const body = html`${notice !== null && html`<p class="notice warn" role="alert">${notice}</p>`}
    <p class="lead">Admins sign in with a password and a code. Set that up before anything else opens.</p>
    ${hasBegun && formWith(c, codeField())}
    ${formWith(
      c,
      html`<label for="password">Your password</label>
        <input id="password" name="password" type="password" autocomplete="current-password" />
        <button ${hasBegun ? null : html`class="main"`}>${hasBegun ? 'Begin anew' : 'Begin'}</button>`,
    )}`;
  return document(c, { title: TITLE, body });
}

/** `image`: an SVG. */
function secretPage(
  c: Context<ConsoleEnv>,
  { secret, image }: { readonly secret: string; readonly image: string },
): Html {
  const body = formWith(
    c,
    html`<div class="qr" role="img" aria-label="The secret as an image to scan">${raw(image)}</div>
      <p class="help">
        Scan it with an app of one-time codes, or type <code>${secret}</code> into it. It is not shown again.
      </p>
      ${codeField()}`,
  );
  return document(c, { title: TITLE, body });
}

const TITLE = 'Second factor';

const formWith = (c: Context<ConsoleEnv>, fields: Content): Html =>
  html`<form class="card login" method="post" action="/ops/second-factor">${hiddenToken(c)} ${fields}</form>`;

const codeField = (): Html =>
  html`<label for="code">Code that the app shows</label>
    <input id="code" name="code" required autocomplete="one-time-code" inputmode="numeric" />
    <button class="main">Turn it on</button>`;

function codesPage(c: Context<ConsoleEnv>, codes: readonly string[]) {
  const body = html`<div class="card">
    <p class="notice good" role="status">The second factor is on.</p>
    <p>Keep these codes where your device is not. Each is good once, and they are not shown again.</p>
    <ul class="codes">
      ${codes.map((code) => html`<li><code>${code}</code></li>`)}
    </ul>
    <p><a class="button" href="/ops">To the overview</a></p>
  </div>`;
  return document(c, { title: 'Backup codes', body });
}
