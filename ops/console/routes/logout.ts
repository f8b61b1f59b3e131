import type { Handler } from 'hono';
import { endOwnSession } from '../../../db/accounts/index.ts';
import { fromOf } from '../act-of.ts';
import type { ConsoleDeps, ConsoleEnv } from '../deps.ts';
import { closeSession } from '../session.ts';

/** Ends the session for good; a token of an identity provider only leaves the browser. */
export const signOut =
  (deps: ConsoleDeps): Handler<ConsoleEnv> =>
  async (c) => {
    const { caller, sessionId } = c.var.session;
    const { userId } = caller;
    if (sessionId !== null)
      await endOwnSession(deps.db, { userId, sessionId }, 'logout', { ...fromOf(c, deps), actor: userId });
    closeSession(c, deps);
    return c.redirect('/ops/login', 303);
  };
