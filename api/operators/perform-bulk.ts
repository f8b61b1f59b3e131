import { createRoute, z } from '@hono/zod-openapi';
import { type BulkWork, decideBulk, notifyBulk } from '../../operations/bulk.ts';
import {
  actorOf,
  IdempotencyHeaders,
  fails,
  FOR_ROLES,
  REPEATABLE,
  WITH_BODY,
  defineRoute,
  json,
  jsonBody,
  reason,
} from '../kernel/index.ts';
import { onlyRoles } from '../middleware/access.ts';
import { AWAITS, Awaits, operationsOf, actOnce, type Approval, showApproval } from '../approvals/index.ts';
import { bulkAsk, bulkFields, hasOneFilter, ONE_FILTER, showTotals, Totals } from './bulk-view.ts';

const Body = z
  .strictObject({
    ...bulkFields,
    fingerprint: z.string().openapi({ description: 'From the preview that you agreed to' }),
    reason: reason(),
  })
  .refine(hasOneFilter, ONE_FILTER)
  .openapi('BulkRequest');
const Done = z.object({
  count: z.int(),
  totals: Totals,
  told: z.record(z.string(), z.int()).openapi({ description: 'How many rows, by result' }),
});

const route = createRoute({
  method: 'post',
  path: '/admin/bulk',
  operationId: 'performBulk',
  summary: 'Act on every row of a filtered list, exactly as it was shown',
  description: 'On all of them or on none, each audited. Refused where the list is not as it was shown.',
  tags: ['Operations'],
  ...onlyRoles('admin'),
  request: { headers: IdempotencyHeaders, body: jsonBody(Body) },
  responses: {
    200: json(z.object({ done: Done.openapi('BulkDone') }), 'It is done, or on its way'),
    202: json(Awaits, AWAITS),
    ...fails(...FOR_ROLES, ...WITH_BODY, ...REPEATABLE, 'list_changed', 'list_empty'),
  },
});

type Kept =
  | {
      readonly shown: Pick<z.infer<typeof Done>, 'count' | 'totals'>;
      readonly work: readonly BulkWork[];
    }
  | { readonly shown: z.infer<typeof Approval>; readonly work: null; readonly awaits: true };

export const performBulk = defineRoute(route, async (c) => {
  const deps = operationsOf(c);
  const body = c.req.valid('json');
  const ask = bulkAsk(body);
  const act = { ...actorOf(c), reason: body.reason };
  c.set('mayStillBeCarriedOut', true);
  const call = { operationId: route.operationId, subjectId: body.action, body };
  const kept = await actOnce<Kept>(c, call, async (tx) => {
    const decided = await decideBulk(tx, deps.settings, ask, body.fingerprint, act);
    if ('awaits' in decided) return { shown: showApproval(decided.awaits), work: null, awaits: true };
    const { count, totals, work } = decided;
    return { shown: { count, totals: showTotals(totals) }, work };
  });
  if ('awaits' in kept) return c.json({ approval: kept.shown }, 202);
  const told = await notifyBulk(deps, body.action, kept.work);
  return c.json({ done: { ...kept.shown, told } }, 200);
});
