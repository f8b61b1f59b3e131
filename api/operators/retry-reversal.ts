import { z } from '@hono/zod-openapi';
import { readReversal } from '../../db/marketplace/index.ts';
import { retryReversal as operation } from '../../operations/marketplace/index.ts';
import { defineRoute, optionalJsonBody, idParam, Note } from '../kernel/index.ts';
import { operate, operatorRoute, startedOrAwaits } from '../approvals/index.ts';
import { Reversal, showReversal } from '../marketplace/index.ts';

const Params = z.object({ reversalId: idParam('reversalId') });
const Body = z.strictObject({ reason: z.string().trim().min(1).max(500).optional() }).openapi('RetryRequest');

const route = operatorRoute({
  path: '/admin/reversals/{reversalId}/retry',
  operationId: 'retryReversal',
  summary: 'Take a transfer back again, now',
  description:
    'An open one is tried at once. One that failed for good gets a successor, for a reason. One that a person ended is looked for at Stripe, for a reason: what Stripe carried out after all is booked, and a write-off undone.',
  request: { params: Params, body: optionalJsonBody(Body) },
  responses: startedOrAwaits(
    z.object({ reversal: Reversal, note: Note }),
    'The reversal that is tried: the same one, or its successor.',
  ),
  actions: [operation],
});

export const retryReversal = defineRoute(route, async (c) => {
  const { reversalId } = c.req.valid('param');
  const call = {
    operationId: route.operationId,
    subjectId: reversalId,
    body: c.req.valid('json'),
  };
  const answer = await operate(c, operation, call, showReversal);
  if ('awaits' in answer) return c.json({ approval: answer.awaits }, 202);
  const { shown, outcome } = answer;
  if (outcome === null) return c.json({ reversal: shown, note: null }, 202);
  // The look at Stripe has ended by now, and may have changed the row.
  const row = await readReversal(c.var.deps.db, shown.id);
  return c.json({ reversal: showReversal(row), note: outcome.note }, 202);
});
