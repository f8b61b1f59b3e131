import type { Handler } from 'hono';
import type { ConsoleDeps, ConsoleEnv } from '../deps.ts';
import { closeSession } from '../session.ts';

export const signOut =
  (deps: ConsoleDeps): Handler<ConsoleEnv> =>
  (c) => {
    closeSession(c, deps);
    return c.redirect('/ops/login', 303);
  };
