import type { Context } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { ERRORS, VezaError } from '../../domain/errors.ts';
import { maskEmails } from '../../domain/kernel/index.ts';
import { isUnavailable } from '../../db/unavailable.ts';
import type { ConsoleDeps, ConsoleEnv } from './deps.ts';
import { html } from './html.ts';
import { document } from './layout.ts';
import { pageBefore } from './own-path.ts';
import { closeSession, hasCookie } from './session.ts';

/** The console's only catch: any error becomes a page, with its code and the request's id. */
export const answerError = (deps: ConsoleDeps) => (thrown: Error, c: Context<ConsoleEnv>) => {
  const error = asVezaError(thrown);
  if (error.code === 'internal_error') c.var.log.error({ err: thrown }, 'console request failed');
  if (error.code === 'engine_unavailable') c.var.log.warn({ err: thrown }, 'engine or database unavailable');
  if (error.code === 'unauthenticated' || error.code === 'session_ended') return askToSignIn(c, deps);
  return answerProblem(c, error);
};

export function answerProblem(c: Context<ConsoleEnv>, error: VezaError) {
  const { status, title } = ERRORS[error.code];
  const body = html`<p class="lead">${maskEmails(error.detail)}</p>
    <dl class="facts">
      <div>
        <dt>Code</dt>
        <dd><code>${error.code}</code></dd>
      </div>
      <div>
        <dt>Request</dt>
        <dd><code>${c.var.requestId}</code></dd>
      </div>
    </dl>
    <p><a href="/ops">Back to the overview</a></p>`;
  return c.html(document(c, { title, body }), status as ContentfulStatusCode);
}

/**
 * To the login, and from there back. A link on another site's page comes without the cookie, even if there is one: then
 * the page asks again from here, and the browser sends it.
 */
function askToSignIn(c: Context<ConsoleEnv>, deps: ConsoleDeps) {
  const isRead = c.req.method === 'GET' || c.req.method === 'HEAD';
  const { pathname, search } = new URL(c.req.url);
  const next = isRead ? `${pathname}${search}` : pageBefore(c.req.header('referer'));
  if (isRead && c.req.header('sec-fetch-site') === 'cross-site') {
    c.header('Refresh', `0; url=${next}`);
    const body = html`<p>Opening <a href="${next}">the page</a>.</p>`;
    return c.html(document(c, { title: 'One moment', body }));
  }
  const hadSession = hasCookie(c);
  if (hadSession) closeSession(c, deps);
  const query = new URLSearchParams({ ...(next !== '/ops' && { next }), ...(hadSession && { ended: '1' }) });
  return c.redirect(`/ops/login${query.size > 0 ? `?${query.toString()}` : ''}`, 303);
}

function asVezaError(thrown: Error): VezaError {
  if (thrown instanceof VezaError) return thrown;
  if (isUnavailable(thrown)) {
    return new VezaError('engine_unavailable', 'The database cannot be reached or does not answer in time.');
  }
  return new VezaError('internal_error', 'The failure is in our log under this request’s id.');
}
