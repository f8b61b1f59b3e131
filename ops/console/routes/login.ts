import type { Context, Handler } from 'hono';
import { VezaError } from '../../../domain/errors.ts';
import type { ConsoleDeps, ConsoleEnv } from '../deps.ts';
import { readForm } from '../form.ts';
import { html } from '../html.ts';
import { document } from '../layout.ts';
import { ownPath } from '../own-path.ts';
import { assertOwnPage } from '../same-site.ts';
import { assertAdmin, openSession, TOKEN_MAX_BYTES } from '../session.ts';

/** The form that takes a bearer token. */
export const showLogin: Handler<ConsoleEnv> = (c) => {
  const notice = c.req.query('ended') === undefined ? null : 'Your session has ended. Sign in again.';
  return c.html(loginPage(c, { next: ownPath(c.req.query('next')), notice }));
};

/** Verifies the token as the API does, and keeps it in the session's cookie. Throws `forbidden` where it is no admin's. */
export const signIn =
  (deps: ConsoleDeps): Handler<ConsoleEnv> =>
  async (c) => {
    assertOwnPage(c);
    const form = await readForm(c, deps);
    const token = form.text('token').trim();
    const next = ownPath(form.text('next'));
    try {
      if (token.length > TOKEN_MAX_BYTES) {
        throw new VezaError(
          'unauthenticated',
          `The token is longer than ${TOKEN_MAX_BYTES} characters, which no cookie holds.`,
        );
      }
      const { caller, expiresAt } = await deps.callerOf(token);
      assertAdmin(caller);
      openSession(c, deps, token, expiresAt);
      c.var.log.info({ userId: caller.userId }, 'signed in to the console');
    } catch (error) {
      if (!(error instanceof VezaError) || error.code !== 'unauthenticated') throw error;
      return c.html(loginPage(c, { next, notice: error.detail }), 401);
    }
    return c.redirect(next, 303);
  };

function loginPage(c: Context<ConsoleEnv>, { next, notice }: { next: string; notice: string | null }) {
  const body = html`${notice !== null && html`<p class="notice warn" role="alert">${notice}</p>`}
    <form class="card login" method="post" action="/ops/login">
      <input type="hidden" name="next" value="${next}" />
      <label for="token">Bearer token</label>
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
        The same token that the API takes, of an admin. The session ends with it. In development
        <code>npm run ops -- seed</code> prints one.
      </p>
      <button class="main">Sign in</button>
    </form>`;
  return document(c, { title: 'Sign in', body });
}
