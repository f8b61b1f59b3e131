import { setTimeout as sleep } from 'node:timers/promises';
import { Secret, TOTP } from 'otpauth';
import type { Stage } from './stage.ts';
import type { PlayedAccount } from './summary.ts';
import type { Teller } from './teller.ts';

/** The same refresh token is answered alike for ten seconds, for two tabs; later, it was stolen. */
const STOLEN_AFTER_MS = 10_500;
const STEP_MS = 30_000;
const PROVIDER = 'github';
const PASSWORD = 'a quiet harbour at noon';

type Theatre = Pick<Stage, 'apiUrl' | 'smtp' | 'oauth'>;

interface SignedIn {
  readonly session: { readonly id: string; readonly amr: readonly string[] };
  readonly user: { readonly id: string; readonly email: string; readonly is_verified: boolean };
  readonly access_token: string;
  readonly refresh_token: string;
}

interface Answer<Body> {
  readonly status: number;
  readonly body: Body;
  readonly location: string | null;
  /** As a browser sends them back. */
  readonly cookies: string;
}

/** Somebody who is signed in, and whose refresh token was copied and used before. */
export interface BegunAccount {
  readonly email: string;
  readonly opened: SignedIn;
  readonly role: string;
  readonly copied: string;
  readonly current: string;
  readonly copiedAtMs: number;
}

/** Registered, proved by the mail's link, signed in with a second factor, and made a creator. */
export async function beginAccount({ apiUrl, smtp }: Theatre, tell: Teller): Promise<BegunAccount> {
  const call = callsTo(apiUrl);
  const email = `demo-${Date.now().toString(36)}@people.example`;
  tell.step('Somebody registers; the mail goes out within the call');
  const asked = await call<{ message: string }>('POST', '/auth/register', { email, password: PASSWORD });
  tell.detail(`the API answers ${asked.status}, as to an address that has an account: ${asked.body.message}`);
  const early = await refused(call('POST', '/auth/login', { email, password: PASSWORD }));
  tell.detail(`signing in before that: ${early.status} ${early.code}`);
  const mail = await smtp.control.waitForMail(({ to, links }) => to === email && links.length > 0);
  const [link = ''] = mail.links;
  tell.detail(`the mail server took “${mail.subject}”, with ${link.split('#')[0]}#token=…`);
  const proof = new URLSearchParams(new URL(link).hash.slice(1)).get('token');
  const verified = await done(call<Pick<SignedIn, 'user'>>('POST', '/auth/verify-email', { token: proof }));
  tell.detail(`account ${verified.user.id}: is_verified ${verified.user.is_verified}`);
  const first = await done(call<SignedIn>('POST', '/auth/login', { email, password: PASSWORD }));
  tell.detail(`session ${first.session.id}: by ${first.session.amr.join(' and ')}`);

  tell.step('They turn on a second factor, and sign in by it');
  const set = await done(
    call<{ secret: string }>('POST', '/users/me/two-factor', { password: PASSWORD }, first),
  );
  const app = new TOTP({ secret: Secret.fromBase32(set.secret) });
  const code = app.generate();
  const on = await done(
    call<{ backup_codes: string[] }>('POST', '/users/me/two-factor/confirm', { code }, first),
  );
  tell.detail(`it is on, with ${on.backup_codes.length} backup codes`);
  const { two_factor: asks } = await done(
    call<{ two_factor: { challenge: string; methods: string[] } }>('POST', '/auth/login', {
      email,
      password: PASSWORD,
    }),
  );
  tell.detail(`the password alone is answered by a challenge: ${asks.methods.join(' or ')}`);
  const again = await refused(call('POST', '/auth/two-factor', { challenge: asks.challenge, code }));
  tell.detail(`the code that was used before: ${again.status} ${again.code}`);
  // Clocks differ: the code of the next half minute counts too.
  const next = app.generate({ timestamp: Date.now() + STEP_MS });
  const opened = await done(
    call<SignedIn>('POST', '/auth/two-factor', { challenge: asks.challenge, code: next }),
  );
  tell.detail(`session ${opened.session.id}: by ${opened.session.amr.join(' and ')}`);

  tell.step('They make a creator of themselves');
  const { role } = await done(call<{ role: string }>('POST', '/users/me/upgrade-creator', undefined, opened));
  tell.detail(`account ${opened.user.id}: ${role}`);
  const { refresh_token: copied } = opened;
  const { refresh_token: current } = await done(
    call<SignedIn>('POST', '/auth/refresh', { refresh_token: copied }),
  );
  tell.detail('their app refreshes its tokens; somebody has copied the one that it used up');
  return { email, opened, role, copied, current, copiedAtMs: Date.now() };
}

/** The copied token is refused, and its session over; somebody else signs in by a provider, where there is one. */
export async function endAccount(stage: Theatre, tell: Teller, begun: BegunAccount): Promise<PlayedAccount> {
  const { opened, role } = begun;
  const call = callsTo(stage.apiUrl);
  tell.step('The copied refresh token is tried');
  await sleep(Math.max(0, begun.copiedAtMs + STOLEN_AFTER_MS - Date.now()));
  const stolen = await refused(call('POST', '/auth/refresh', { refresh_token: begun.copied }));
  tell.detail(`it is refused: ${stolen.status} ${stolen.code}`);
  const after = await refused(call('POST', '/auth/refresh', { refresh_token: begun.current }));
  tell.detail(`the session is over for everybody: ${after.status} ${after.code}`);
  const closed = await refused(call('GET', '/users/me', undefined, opened));
  tell.detail(`and so is its access token, at once: ${closed.status} ${closed.code}`);
  return {
    id: opened.user.id,
    amr: opened.session.amr,
    role,
    stolen: stolen.code,
    after_theft: [after.code, closed.code],
    by_provider: await signInByProvider(stage, tell),
  };
}

async function signInByProvider(
  { apiUrl, oauth }: Theatre,
  tell: Teller,
): Promise<PlayedAccount['by_provider']> {
  if (oauth === undefined) return null;
  const call = callsTo(apiUrl);
  tell.step(`Somebody signs in by ${PROVIDER}, which a stand-in plays`);
  const subject = String(Date.now());
  oauth.control.signInAs(PROVIDER, {
    subject,
    email: `${PROVIDER}-${subject}@people.example`,
    name: 'Grace',
  });
  const begun = await call('GET', `/auth/oauth/${PROVIDER}`);
  const page = await fetch(begun.location ?? '', { redirect: 'manual' });
  const back = new URL(page.headers.get('location') ?? '');
  tell.detail(`the provider sends the browser back to ${back.pathname}, with a code and the state`);
  const path = back.pathname.slice('/api/v1'.length) + back.search;
  const returned = await call('GET', path, undefined, { cookies: begun.cookies });
  const code = new URLSearchParams(returned.location?.split('#')[1]).get('code');
  const exchange = { cookies: `${begun.cookies}; ${returned.cookies}` };
  const { session, user } = await done(call<SignedIn>('POST', '/auth/oauth/exchange', { code }, exchange));
  tell.detail(
    `account ${user.id}: is_verified ${user.is_verified}; session ${session.id}: by ${session.amr.join()}`,
  );
  const twice = await refused(call('POST', '/auth/oauth/exchange', { code }, exchange));
  tell.detail(`the code is good once: ${twice.status} ${twice.code}`);
  return { provider: PROVIDER, is_verified: user.is_verified, amr: session.amr };
}

interface As {
  readonly access_token?: string;
  readonly cookies?: string;
}

/** Calls as nobody, or with a token or cookies; whatever the answer is, it is told. */
const callsTo =
  (apiUrl: string) =>
  async <Body = unknown>(method: string, path: string, body?: object, as: As = {}): Promise<Answer<Body>> => {
    const response = await fetch(`${apiUrl}/api/v1${path}`, {
      method,
      redirect: 'manual',
      headers: {
        ...(as.access_token !== undefined && { authorization: `Bearer ${as.access_token}` }),
        ...(as.cookies !== undefined && { cookie: as.cookies }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const cookies = response.headers.getSetCookie().map((cookie) => cookie.split(';')[0]);
    return {
      status: response.status,
      body: (text === '' ? null : JSON.parse(text)) as Body,
      location: response.headers.get('location'),
      cookies: cookies.join('; '),
    };
  };

async function done<Body>(asked: Promise<Answer<Body>>): Promise<Body> {
  const { status, body } = await asked;
  if (status >= 300) throw new Error(`answered ${status}: ${JSON.stringify(body)}`);
  return body;
}

/** What the play is about to be refused: that it is done is an error. */
async function refused(
  asked: Promise<Answer<unknown>>,
): Promise<{ readonly status: number; readonly code: string }> {
  const { status, body } = await asked;
  const { code } = body as { code?: string };
  if (status < 400 || code === undefined)
    throw new Error(`not refused, but ${status}: ${JSON.stringify(body)}`);
  return { status, code };
}
