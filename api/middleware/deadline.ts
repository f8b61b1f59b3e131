import type { MiddlewareHandler } from 'hono';
import { VezaError } from '../../domain/errors.ts';
import type { ApiEnv } from '../context.ts';

/** Longer than the longest honest answer (a sweep run by hand is waited for 25 s). */
const ANSWER_WITHIN_MS = 28_000;

/**
 * A database or engine that accepts a connection and stays silent must not keep a client waiting for ever. Streams
 * are not cut: their answer has begun by then.
 */
export const deadline: MiddlewareHandler<ApiEnv> = (c, next) =>
  new Promise((resolve, reject) => {
    c.set('answerByMs', performance.now() + ANSWER_WITHIN_MS);
    const timer = setTimeout(() => reject(unanswered()), ANSWER_WITHIN_MS);
    next().then(
      () => {
        clearTimeout(timer);
        resolve();
      },
      (error: unknown) => {
        clearTimeout(timer);
        reject(error as Error);
      },
    );
  });

const unanswered = () =>
  new VezaError('engine_unavailable', 'The engine or the database did not answer in time.', {
    may_still_be_carried_out: true,
  });
