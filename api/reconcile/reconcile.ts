import { createRoute, z } from '@hono/zod-openapi';
import { PHASES } from '../../domain/reconcile/reconcile.ts';
import { runReconciliation } from '../../operations/reconcile/index.ts';
import {
  actorOf,
  fails,
  FOR_ROLES,
  WITH_BODY,
  defineRoute,
  json,
  optionalJsonBody,
  reason,
} from '../kernel/index.ts';
import { onlyRoles } from '../middleware/access.ts';
import { emptyBodyIsNone } from '../middleware/empty-body.ts';
import { operationsOf } from '../approvals/index.ts';
import { Reconciled, showReconciled } from './reconcile-view.ts';

/** A sweep takes seconds, unless a provider is slow. */
const REPORT_WITHIN_MS = 25_000;

const Body = z
  .strictObject({ phases: z.array(z.enum(PHASES)).min(1).optional(), reason: reason().optional() })
  .openapi('ReconcileRequest');
const Started = z.object({ workflow_id: z.string(), message: z.string() }).openapi('ReconcileStarted');

const access = onlyRoles('admin');
const route = createRoute({
  method: 'post',
  path: '/admin/reconcile',
  operationId: 'reconcile',
  summary: 'Look once, now, for what is stuck',
  description:
    'A batch of each phase, as the schedule does. It reads at the PSP and tells workflows; run twice, it changes nothing.',
  tags: ['Operations'],
  ...access,
  middleware: [...access.middleware, emptyBodyIsNone],
  request: { body: optionalJsonBody(Body) },
  responses: {
    200: json(Reconciled, 'What was found'),
    202: json(Started, 'It takes longer, and goes on'),
    ...fails(...FOR_ROLES, ...WITH_BODY),
  },
});

export const reconcile = defineRoute(route, async (c) => {
  const { engine } = c.var.deps;
  const { phases, reason: why } = c.req.valid('json');
  c.set('mayStillBeCarriedOut', true);
  const act = { ...actorOf(c), ...(why !== undefined && { reason: why }) };
  const workflowId = await runReconciliation(operationsOf(c), { phases, drain: false }, act);
  const report = await engine.sweepReport(workflowId, REPORT_WITHIN_MS);
  if (report === null) {
    const message = 'The sweep goes on; its report will be the result of its workflow.';
    return c.json({ workflow_id: workflowId, message }, 202);
  }
  return c.json(showReconciled(workflowId, report), 200);
});
