import { createRoute, z } from '@hono/zod-openapi';
import { sumWork, WORK_KINDS, type WorkKind, type WorkSum } from '../../db/operators/work.ts';
import { readPlatformSetting } from '../../db/kernel/index.ts';
import { listStuck as list } from '../../operations/stuck.ts';
import { onlyRoles } from '../middleware/access.ts';
import {
  limitField,
  fails,
  FOR_ROLES,
  defineRoute,
  json,
  Currency,
  Id,
  Time,
  time,
} from '../kernel/index.ts';
import { showStuck, showStuckTotal, StuckRow, StuckTotal } from './stuck-view.ts';

const Kinds = z
  .string()
  .transform((text, context) => {
    const kinds = text.split(',').map((part) => part.trim());
    const known = WORK_KINDS.filter((kind) => kinds.includes(kind));
    if (known.length === new Set(kinds).size) return known;
    context.addIssue({ code: 'custom', message: `Some of ${WORK_KINDS.join(', ')}, comma-separated` });
    return z.NEVER;
  })
  .openapi({ type: 'string', description: 'Only these, comma-separated', example: 'failed_reversal' });

const Query = z.object({
  older_than_minutes: z.coerce.number().int().min(0).max(1_000_000).default(60).openapi({
    description:
      'How long a row must have been open; a mail 15 minutes at most, and what needs a person is listed at once',
  }),
  kinds: Kinds.optional(),
  order_id: Id.optional(),
  seller_id: Id.optional(),
  currency: Currency.optional(),
  min_amount: z.coerce.number().int().min(0).optional(),
  error: z.string().min(1).optional().openapi({ description: 'A part of the last error, in any case' }),
  limit: limitField(50),
  offset: z.coerce.number().int().min(0).max(100_000).default(0),
});

const Stuck = z
  .object({
    last_sweep: z
      .object({ ended_at: Time, age_seconds: z.int() })
      .nullable()
      .openapi({ description: 'The last sweep of all phases that ended; null: none has. Alert on its age' }),
    counts: z.record(z.enum(WORK_KINDS), z.int()).openapi({
      description: '`orphan`: refunds that the PSP may never have received. `webhook`: not handed on',
    }),
    totals: z.array(StuckTotal).openapi({ description: 'Money at stake, by kind and currency' }),
    data: z.array(StuckRow),
  })
  .openapi('Stuck');

const route = createRoute({
  method: 'get',
  path: '/admin/stuck',
  operationId: 'listStuck',
  summary: 'What has been open for long or needs a person, why, and what you may do',
  tags: ['Operations'],
  ...onlyRoles('admin'),
  request: { query: Query },
  responses: { 200: json(Stuck, 'The oldest first'), ...fails(...FOR_ROLES, 'validation_failed') },
});

export const listStuck = defineRoute(route, async (c) => {
  const { db, now, config } = c.var.deps;
  const { limit, offset, ...query } = c.req.valid('query');
  const filter = {
    olderThanMinutes: query.older_than_minutes,
    kinds: query.kinds,
    orderId: query.order_id,
    sellerId: query.seller_id,
    currency: query.currency,
    minAmountMinor: query.min_amount,
    error: query.error,
  };
  const [items, sums, sweptAt] = await Promise.all([
    list({ db }, filter, { limit, offset }),
    sumWork(db, filter),
    readPlatformSetting(db, 'last_sweep_at'),
  ]);
  const ageSeconds = (since: Date) => Math.max(Math.floor((now().getTime() - since.getTime()) / 1000), 0);
  const ui = { url: config.TEMPORAL_UI_URL, namespace: config.TEMPORAL_NAMESPACE };
  return c.json(
    {
      last_sweep: sweptAt === null ? null : sweptAsOf(new Date(sweptAt), ageSeconds),
      counts: countsOf(sums),
      totals: sums.map(showStuckTotal),
      data: items.map((item) => showStuck(item, ui, ageSeconds)),
    },
    200,
  );
});

const countsOf = (sums: readonly WorkSum[]) =>
  Object.fromEntries(
    WORK_KINDS.map((kind) => [kind, sums.find((sum) => sum.kind === kind)?.count ?? 0]),
  ) as Record<WorkKind, number>;

const sweptAsOf = (endedAt: Date, ageSeconds: (since: Date) => number) => ({
  ended_at: time(endedAt),
  age_seconds: ageSeconds(endedAt),
});
