import type { Context, Handler } from 'hono';
import { findAccount } from '../../../db/accounts/index.ts';
import { userSubject } from '../../../domain/accounts/index.ts';
import type { ConsoleDeps, ConsoleEnv } from '../deps.ts';
import { readForm } from '../form.ts';
import { html } from '../html.ts';
import { document, hiddenToken } from '../layout.ts';
import { storyPath } from '../views/links.ts';

/** Where an account is asked for. */
export const accountsPage: Handler<ConsoleEnv> = (c) => c.html(searchPage(c, { isMissing: false }));

/** To the account's story. What was asked for comes in a body: addresses of pages are logged, and kept by browsers. */
export const findAccountPage =
  (deps: ConsoleDeps): Handler<ConsoleEnv> =>
  async (c) => {
    const form = await readForm(c, deps);
    const userId = await findAccount(deps.db, form.text('account'));
    if (userId === null) return c.html(searchPage(c, { isMissing: true }), 404);
    return c.redirect(storyPath(userSubject(userId)), 303);
  };

function searchPage(c: Context<ConsoleEnv>, { isMissing }: { readonly isMissing: boolean }) {
  const body = html`${isMissing && html`<p class="notice warn" role="alert">There is no such account.</p>`}
    <form class="card login" method="post" action="/ops/accounts">
      ${hiddenToken(c)}
      <label for="account">Id or exact e-mail address</label>
      <input
        id="account"
        name="account"
        required
        autocomplete="off"
        autocapitalize="none"
        spellcheck="false"
        aria-describedby="account-help"
      />
      <p id="account-help" class="help">Parts of an address find nobody.</p>
      <button class="main">Find the account</button>
    </form>`;
  return document(c, { title: 'Accounts', body });
}
