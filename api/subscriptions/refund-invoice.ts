import { z } from '@hono/zod-openapi';
import { createMiddleware } from 'hono/factory';
import { readInvoiceOf } from '../../db/subscriptions/read/invoices.ts';
import { VezaError } from '../../domain/errors.ts';
import { refundInvoice as operation } from '../../operations/subscriptions/index.ts';
import { operate, operatorRoute, startedOrAwaits } from '../approvals/index.ts';
import type { ApiEnv } from '../context.ts';
import { defineRoute, Id, idParam, jsonBody, reason } from '../kernel/index.ts';
import { Refund, showRefund } from '../marketplace/index.ts';

const Params = z.object({ invoiceId: idParam('invoiceId') });
const Body = z
  .strictObject({
    amount: z.unknown().optional().openapi({
      type: 'integer',
      description: 'In minor units; without it, all that is left',
      example: 500,
    }),
    reason: reason(),
    end_access: z.boolean().optional().openapi({
      description: 'Of a part: the subscription expires once it succeeds. In full it does anyway',
    }),
  })
  .openapi('InvoiceRefundRequest');

/** The subscriber is told why; all others learn that it is for admins, and nothing of the invoice. */
const refuseSubscriber = createMiddleware<ApiEnv>(async (c, next) => {
  const { caller, deps } = c.var;
  const { success, data: invoiceId } = Id.safeParse(c.req.param('invoiceId'));
  if (
    caller.role !== 'admin' &&
    success &&
    (await readInvoiceOf(deps.db, caller.userId, invoiceId)) !== null
  ) {
    throw new VezaError('refund_forbidden', 'It is your own invoice: only an admin may refund it.');
  }
  await next();
});

const operator = operatorRoute({
  path: '/admin/invoices/{invoiceId}/refund',
  operationId: 'refundInvoice',
  summary: 'Refund an invoice',
  description:
    'Answered as soon as the refund is open; whether it succeeds, the payment provider says later. In full, of the invoice that the subscription has its features by, it ends the subscription; of another invoice it ends nothing.',
  request: { params: Params, body: jsonBody(Body) },
  responses: startedOrAwaits(z.object({ refund: Refund }), 'The refund.'),
  actions: [operation({})],
});

// Once the caller is known, and before their role is asked for.
const route = { ...operator, middleware: operator.middleware.toSpliced(1, 0, refuseSubscriber) };

export const refundInvoice = defineRoute(route, async (c) => {
  const { invoiceId } = c.req.valid('param');
  const { amount, end_access: endAccess, ...body } = c.req.valid('json');
  const part = { ...(amount !== undefined && { amount }), ...(endAccess !== undefined && { endAccess }) };
  // All of the body: the same key with another amount is a mistake.
  const call = { operationId: route.operationId, subjectId: invoiceId, body: { ...body, ...part } };
  const answer = await operate(c, operation(part), call, showRefund);
  return c.json('awaits' in answer ? { approval: answer.awaits } : { refund: answer.shown }, 202);
});
