import type { Handler } from 'hono';
import { VezaError } from '../../../domain/errors.ts';
import type { ConsoleEnv } from '../deps.ts';
import { answerProblem } from '../errors.ts';

export const notFoundPage: Handler<ConsoleEnv> = (c) => {
  if (c.req.path === '/ops/') return c.redirect('/ops', 301);
  return answerProblem(c, new VezaError('not_found', `There is no page at ${c.req.path}.`));
};
