import type { Context, Handler } from 'hono';
import { CONSOLE_SESSION, isSignInFailure } from '../../../domain/accounts/index.ts';
import { type ErrorCode, VezaError } from '../../../domain/errors.ts';
import type { ConsoleDeps, ConsoleEnv } from '../deps.ts';
import { type Form, readForm } from '../form.ts';
import { html, type Html } from '../html.ts';
import { document } from '../layout.ts';
import { limitSignIn } from '../limit-sign-in.ts';
import { ownPath } from '../own-path.ts';
import { assertOwnPage } from '../same-site.ts';
import { assertAdmin, openSession, TOKEN_MAX_BYTES } from '../session.ts';
import { signInByPassword } from '../sign-in.ts';

/** The form that takes e-mail, password and code; or a bearer token, where an identity provider keeps the accounts. */
export const showLogin =
  (deps: ConsoleDeps): Handler<ConsoleEnv> =>
  (c) => {
    const notice = c.req.query('ended') === undefined ? null : 'Your session has ended. Sign in again.';
    return c.html(loginPage(c, deps, { next: ownPath(c.req.query('next')), notice }));
  };

/** What the login itself says, above its form. Everything else is a page of its own. */
const ANSWERED_HERE = {
  unauthenticated: 401,
  invalid_credentials: 401,
  two_factor_invalid: 401,
  email_not_verified: 403,
  account_disabled: 403,
  account_closing: 403,
  too_many_attempts: 429,
  rate_limited: 429,
  overloaded: 503,
} as const satisfies Partial<Record<ErrorCode, number>>;
const isAnsweredHere = (code: ErrorCode): code is keyof typeof ANSWERED_HERE => code in ANSWERED_HERE;

/** Keeps a session in the cookie. Throws `forbidden` where it would be no admin's. */
export const signIn =
  (deps: ConsoleDeps): Handler<ConsoleEnv> =>
  async (c) => {
    assertOwnPage(c);
    const form = await readForm(c, deps);
    const next = ownPath(form.text('next'));
    try {
      await limitSignIn(c, deps);
      const userId = await (deps.identity === 'own' ? byPassword : byToken)(c, deps, form);
      c.var.log.info({ userId }, 'signed in to the console');
    } catch (error) {
      if (!(error instanceof VezaError)) throw error;
      if (isSignInFailure(error.code)) deps.signInFailed(error.code);
      if (!isAnsweredHere(error.code)) throw error;
      return c.html(loginPage(c, deps, { next, notice: error.detail }), ANSWERED_HERE[error.code]);
    }
    return c.redirect(next, 303);
  };

async function byPassword(c: Context<ConsoleEnv>, deps: ConsoleDeps, form: Form): Promise<string> {
  const { userId, secret } = await signInByPassword(c, deps, {
    email: form.text('email').trim(),
    password: form.text('password'),
    code: form.text('code').trim(),
  });
  openSession(c, deps, secret, CONSOLE_SESSION.ttlMs);
  return userId;
}

/** Verifies the token as the API does, and keeps it. */
async function byToken(c: Context<ConsoleEnv>, deps: ConsoleDeps, form: Form): Promise<string> {
  const token = form.text('token').trim();
  if (token.length > TOKEN_MAX_BYTES) {
    throw new VezaError(
      'unauthenticated',
      `The token is longer than ${TOKEN_MAX_BYTES} characters, which no cookie holds.`,
    );
  }
  const { caller, expiresAt } = await deps.callerOf(token);
  assertAdmin(caller);
  openSession(c, deps, token, expiresAt.getTime() - deps.now().getTime());
  return caller.userId;
}

function loginPage(
  c: Context<ConsoleEnv>,
  { identity }: ConsoleDeps,
  { next, notice }: { next: string; notice: string | null },
) {
  const body = html`${notice !== null && html`<p class="notice warn" role="alert">${notice}</p>`}
    <form class="card login" method="post" action="/ops/login">
      <input type="hidden" name="next" value="${next}" />
      ${identity === 'own' ? passwordFields() : tokenField()}
      <button class="main">Sign in</button>
    </form>`;
  return document(c, { title: 'Sign in', body });
}

const passwordFields = (): Html =>
  html`<label for="email">E-mail address</label>
    <input id="email" name="email" type="email" required autocomplete="username" />
    <label for="password">Password</label>
    <input id="password" name="password" type="password" required autocomplete="current-password" />
    <label for="code">Code</label>
    <input
      id="code"
      name="code"
      autocomplete="one-time-code"
      autocapitalize="characters"
      spellcheck="false"
      aria-describedby="code-help"
    />
    <p id="code-help" class="help">
      Of your second factor, or a backup code. Who has none yet leaves it empty, and sets one up next.
    </p>`;

const tokenField = (): Html =>
  html`<label for="token">Bearer token</label>
    <input
      id="token"
      name="token"
      type="password"
      required
      autocomplete="off"
      spellcheck="false"
      aria-describedby="token-help"
    />
    <p id="token-help" class="help">
      The same token that the API takes, of an admin. The session ends with it.
    </p>`;
