import type { Context } from 'hono';
import { createMiddleware } from 'hono/factory';
import { VezaError } from '../../domain/errors.ts';
import type { ConsoleDeps, ConsoleEnv } from './deps.ts';
import { readForm } from './form.ts';
import { isFormToken } from './session.ts';

const crossSite = (detail: string) => new VezaError('forbidden', detail);

/**
 * Refuses what a page of another site posts. A browser says where a request comes from in `Sec-Fetch-Site` and `Origin`,
 * and no page can change either; clients that say nothing have to bring the form's token all the same.
 */
export function assertOwnPage(c: Context<ConsoleEnv>): void {
  const site = c.req.header('sec-fetch-site');
  if (site !== undefined && site !== 'same-origin') {
    throw crossSite('The form was sent from another site.');
  }
  const origin = c.req.header('origin');
  if (origin !== undefined && hostOf(origin) !== c.req.header('host')) {
    throw crossSite('The form was sent from another site.');
  }
}

const hostOf = (origin: string) => (URL.canParse(origin) ? new URL(origin).host : null);

/** Each form behind the login comes from a page of ours, and brings the token that the page was given. */
export const ownForms = (deps: Pick<ConsoleDeps, 'bodies'>) =>
  createMiddleware<ConsoleEnv>(async (c, next) => {
    if (c.req.method !== 'GET' && c.req.method !== 'HEAD') {
      assertOwnPage(c);
      const form = await readForm(c, deps);
      if (!isFormToken(c.var.session, form.text('form_token'))) {
        throw crossSite('The form does not belong to this session. Open the page again and repeat it.');
      }
    }
    await next();
  });
