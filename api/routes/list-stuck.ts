import { createRoute, z } from '@hono/zod-openapi';
import { countStuckRows, listStuckRows, STUCK_KINDS } from '../../db/queries/stuck.ts';
import { readPlatformSetting } from '../../db/verbs/platform-setting.ts';
import { onlyRoles } from '../middleware/access.ts';
import { fails, FOR_ROLES } from '../problem.ts';
import { defineRoute, json } from '../route.ts';
import { Time, time, timeOrNull } from '../views/fields.ts';

const Query = z.object({
  older_than_minutes: z.coerce
    .number()
    .int()
    .min(0)
    .max(1_000_000)
    .default(60)
    .openapi({ description: 'How long a row must have been open' }),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});

const Stuck = z
  .object({
    last_sweep: z
      .object({ ended_at: Time, age_seconds: z.int() })
      .nullable()
      .openapi({ description: 'The last sweep of all phases that ended; null: none has. Alert on its age' }),
    counts: z.record(z.enum(STUCK_KINDS), z.int()).openapi({
      description: '`orphan`: refunds that the PSP may never have received. `webhook`: not handed on',
    }),
    data: z.array(
      z.object({
        kind: z.enum(STUCK_KINDS),
        subject: z.string().openapi({ description: 'Its workflow, or a webhook event' }),
        status: z.string(),
        since: Time,
        age_seconds: z.int(),
        looked_at: Time.nullable().openapi({ description: 'When a sweep last looked at it' }),
      }),
    ),
  })
  .openapi('Stuck');

const route = createRoute({
  method: 'get',
  path: '/admin/stuck',
  operationId: 'listStuck',
  summary: 'What has been open for long, and when a sweep last looked',
  tags: ['Operations'],
  ...onlyRoles('admin'),
  request: { query: Query },
  responses: { 200: json(Stuck, 'The oldest first'), ...fails(...FOR_ROLES, 'validation_failed') },
});

export const listStuck = defineRoute(route, async (c) => {
  const { db, now } = c.var.deps;
  const { older_than_minutes: minutes, limit } = c.req.valid('query');
  const [rows, counts, sweptAt] = await Promise.all([
    listStuckRows(db, minutes, limit),
    countStuckRows(db, minutes),
    readPlatformSetting(db, 'last_sweep_at'),
  ]);
  const ageSeconds = (since: Date) => Math.max(Math.floor((now().getTime() - since.getTime()) / 1000), 0);
  return c.json(
    {
      last_sweep: sweptAt === null ? null : sweptAsOf(new Date(sweptAt), ageSeconds),
      counts,
      data: rows.map(({ kind, subject, status, since, lookedAt }) => ({
        kind,
        subject,
        status,
        since: time(since),
        age_seconds: ageSeconds(since),
        looked_at: timeOrNull(lookedAt),
      })),
    },
    200,
  );
});

const sweptAsOf = (endedAt: Date, ageSeconds: (since: Date) => number) => ({
  ended_at: time(endedAt),
  age_seconds: ageSeconds(endedAt),
});
