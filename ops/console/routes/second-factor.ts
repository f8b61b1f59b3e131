import type { Context, Handler } from 'hono';
import { raw } from 'hono/html';
import QRCode from 'qrcode';
import {
  keepSecret,
  newBackupCodes,
  newSecret,
  readSecret,
  readUser,
  stepOf,
  stepUp,
  turnOn,
  uriOf,
} from '../../../db/accounts/index.ts';
import { CONSOLE_SESSION } from '../../../domain/accounts/index.ts';
import { VezaError } from '../../../domain/errors.ts';
import { fromOf } from '../act-of.ts';
import type { ConsoleDeps, ConsoleEnv } from '../deps.ts';
import { readForm } from '../form.ts';
import { type Content, html } from '../html.ts';
import { document, hiddenToken } from '../layout.ts';
import { openSession } from '../session.ts';

/** Where an admin without a second factor is led: nothing else of the console opens before. */
export const showSecondFactor =
  (deps: ConsoleDeps): Handler<ConsoleEnv> =>
  async (c) =>
    c.html(await setUpPage(c, deps, null));

/** Makes a secret; or, by a code of it, turns the second factor on. */
export const setUpSecondFactor =
  (deps: ConsoleDeps): Handler<ConsoleEnv> =>
  async (c) => {
    const { db, now } = deps;
    const { caller, sessionId } = c.var.session;
    const { userId } = caller;
    if (sessionId === null) throw new VezaError('forbidden', 'Sign in by e-mail and password first.');
    const code = (await readForm(c, deps)).text('code').trim();
    const known = await readSecret(db, userId);
    if (known === null || code === '') {
      await keepSecret(db, userId, newSecret());
      return c.redirect('/ops/second-factor', 303);
    }
    if (known.isConfirmed) throw new VezaError('two_factor_is_on', 'The second factor is on already.');
    const step = stepOf(known.secret, code, now().getTime());
    if (step === null) return c.html(await setUpPage(c, deps, 'The code is not of this secret.'), 401);
    const codes = newBackupCodes();
    const hashes = [];
    for (const { number, rest } of codes) {
      hashes.push({ number, codeHash: await deps.passwords.hash(rest) });
    }
    await turnOn(
      db,
      { userId, step, codes: hashes, spared: sessionId },
      { ...fromOf(c, deps), actor: userId },
    );
    const secret = await stepUp(db, sessionId, 'otp');
    openSession(c, deps, secret, CONSOLE_SESSION.ttlMs);
    c.set('session', { ...c.var.session, token: secret, isProved: true });
    return c.html(
      codesPage(
        c,
        codes.map(({ text }) => text),
      ),
    );
  };

async function setUpPage(c: Context<ConsoleEnv>, { db }: ConsoleDeps, notice: string | null) {
  const { userId } = c.var.session.caller;
  const [user, known] = await Promise.all([readUser(db, userId), readSecret(db, userId)]);
  const shown = async (): Promise<Content> => {
    if (known === null) return html`<button class="main">Begin</button>`;
    if (known.isConfirmed) return html`<p>It is on. Sign in again, and give a code.</p>`;
    const image = await QRCode.toString(uriOf(known.secret, user?.email ?? ''), { type: 'svg' });
    return html`<div class="qr" role="img" aria-label="The secret as an image to scan">${raw(image)}</div>
      <p class="help">Scan it with an app of one-time codes, or type <code>${known.secret}</code> into it.</p>
      <label for="code">Code that the app shows</label>
      <input id="code" name="code" required autocomplete="one-time-code" inputmode="numeric" />
      <button class="main">Turn it on</button>`;
  };
  const body = html`${notice !== null && html`<p class="notice warn" role="alert">${notice}</p>`}
    <p class="lead">Admins sign in with a password and a code. Set that up before anything else opens.</p>
    <form class="card login" method="post" action="/ops/second-factor">
      ${hiddenToken(c)} ${await shown()}
    </form>`;
  return document(c, { title: 'Second factor', body });
}

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
