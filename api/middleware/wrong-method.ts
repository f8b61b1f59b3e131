import type { Hono } from 'hono';
import { methodNotAllowed } from 'hono/method-not-allowed';
import { VezaError } from '../../domain/errors.ts';
import type { ApiEnv } from '../context.ts';
import { answerProblem } from '../kernel/index.ts';

/** 405 with `Allow`, where the path is known and the method is not. */
export const wrongMethod = (app: Hono<ApiEnv>) =>
  methodNotAllowed<ApiEnv>({
    app,
    onMethodNotAllowed: (c, methods) => {
      c.header('Allow', methods.join(', '));
      return answerProblem(new VezaError('method_not_allowed', `Use ${methods.join(' or ')}.`), c);
    },
  });
