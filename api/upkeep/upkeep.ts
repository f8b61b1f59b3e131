import { createRoute, z } from '@hono/zod-openapi';
import { UPKEEP_PHASES } from '../../domain/upkeep/index.ts';
import { runUpkeep } from '../../operations/upkeep/index.ts';
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
import { showUpkept, Upkept } from './upkeep-view.ts';

/** An upkeep takes seconds, unless it is the first for long. */
const REPORT_WITHIN_MS = 25_000;

const Body = z
  .strictObject({ phases: z.array(z.enum(UPKEEP_PHASES)).min(1).optional(), reason: reason().optional() })
  .openapi('UpkeepRequest');
const Started = z.object({ workflow_id: z.string(), message: z.string() }).openapi('UpkeepStarted');

const access = onlyRoles('admin');
const route = createRoute({
  method: 'post',
  path: '/admin/upkeep',
  operationId: 'upkeep',
  summary: 'Remove, now, what is over',
  description:
    'Starts mails that wait without a workflow, and removes accounts that nobody confirmed in time, tokens and sessions that are over, and old counts of limits. Run twice, it changes nothing.',
  tags: ['Operations'],
  ...access,
  middleware: [...access.middleware, emptyBodyIsNone],
  request: { body: optionalJsonBody(Body) },
  responses: {
    200: json(Upkept, 'What was found'),
    202: json(Started, 'It takes longer, and goes on'),
    ...fails(...FOR_ROLES, ...WITH_BODY),
  },
});

export const upkeep = defineRoute(route, async (c) => {
  const { engine } = c.var.deps;
  const { phases, reason: why } = c.req.valid('json');
  c.set('mayStillBeCarriedOut', true);
  const act = { ...actorOf(c), ...(why !== undefined && { reason: why }) };
  const workflowId = await runUpkeep(operationsOf(c), { phases }, act);
  const report = await engine.upkeepReport(workflowId, REPORT_WITHIN_MS);
  if (report === null) {
    const message = 'The upkeep goes on; its report will be the result of its workflow.';
    return c.json({ workflow_id: workflowId, message }, 202);
  }
  return c.json(showUpkept(workflowId, report), 200);
});
