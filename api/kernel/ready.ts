import { createRoute, z } from '@hono/zod-openapi';
import { missingMigrations } from '../../db/kernel/readiness.ts';
import { DatabaseUnavailable } from '../../db/unavailable.ts';
import { VezaError } from '../../domain/errors.ts';
import { anyone } from '../middleware/access.ts';
import { fails } from './problem.ts';
import { defineRoute, json } from './route.ts';

/** Callers wait for a few seconds and take silence for "no". */
const ANSWER_WITHIN_MS = 4_000;

const Ready = z.object({ status: z.literal('ready'), database: z.literal('ok'), temporal: z.literal('ok') });

const route = createRoute({
  method: 'get',
  path: '/ready',
  operationId: 'ready',
  summary: 'Whether this process can serve: database migrated and reachable, Temporal reachable',
  tags: ['Service'],
  ...anyone(),
  responses: { 200: json(Ready, 'It can'), ...fails() },
});

export const ready = defineRoute(route, async (c) => {
  const { db, engine } = c.var.deps;
  const [database, temporal] = await Promise.allSettled([
    within(ANSWER_WITHIN_MS, missingMigrations(db)),
    engine.ping(),
  ]);
  const missing = database.status === 'fulfilled' ? database.value : [];
  if (database.status === 'rejected' || missing.length > 0 || temporal.status === 'rejected') {
    const word = ({ status }: PromiseSettledResult<unknown>) =>
      status === 'fulfilled' ? 'ok' : 'unavailable';
    const parts = {
      database: missing.length > 0 ? 'not_migrated' : word(database),
      temporal: word(temporal),
      ...(missing.length > 0 && { missing_migrations: missing.join(', ') }),
    };
    const error = new VezaError('engine_unavailable', 'This process is not ready to serve.', {
      ...parts,
      may_still_be_carried_out: false,
    });
    if (database.status === 'rejected') error.cause = database.reason;
    else if (temporal.status === 'rejected') error.cause = temporal.reason;
    throw error;
  }
  return c.json({ status: 'ready' as const, database: 'ok' as const, temporal: 'ok' as const }, 200);
});

/** Only the connections can tell a silent database from a slow one, and they take longer. */
async function within<T>(limitMs: number, answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () =>
        reject(new DatabaseUnavailable(`no answer from PostgreSQL within ${limitMs} ms`, 'QUERY_TIMEOUT')),
      limitMs,
    );
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}
