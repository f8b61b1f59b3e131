import { createRoute, z } from '@hono/zod-openapi';
import { readInvoice } from '../../db/subscriptions/read/invoices.ts';
import {
  defineRoute,
  fails,
  IdempotencyHeaders,
  json,
  optionalJsonBody,
  orNull,
  REPEATABLE,
  SIGNED_IN,
  WITH_BODY,
} from '../kernel/index.ts';
import { signedIn } from '../middleware/access.ts';
import { emptyBodyIsNone } from '../middleware/empty-body.ts';
import { Invoice, showInvoice } from './invoice-view.ts';
import { askOfOwn } from './own-subscription.ts';
import { readPayment, SubscriptionPayment } from './payment-view.ts';

const Payable = z
  .object({ invoice: Invoice, payment: orNull(SubscriptionPayment) })
  .openapi('PayableInvoice');

const access = signedIn();
const route = createRoute({
  method: 'post',
  path: '/subscriptions/pay',
  operationId: 'payInvoice',
  summary: 'Pay your open invoice yourself',
  description:
    'A payment that you confirm in your browser. It ends nothing by itself: the invoice is paid once the payment provider says so.',
  tags: ['Subscriptions'],
  ...access,
  middleware: [...access.middleware, emptyBodyIsNone],
  request: { headers: IdempotencyHeaders, body: optionalJsonBody(z.strictObject({})) },
  responses: {
    200: json(Payable, 'The invoice, and the payment to be made'),
    202: json(Payable, 'The payment provider has not answered yet: ask again for the payment'),
    ...fails(
      ...SIGNED_IN,
      ...WITH_BODY,
      ...REPEATABLE,
      'subscription_not_found',
      'invoice_not_payable',
      'payment_pending',
      'provider_refused',
      'engine_busy',
    ),
  },
});

export const pay = defineRoute(route, async (c) => {
  const asked = await askOfOwn(c, {
    operationId: route.operationId,
    body: c.req.valid('json'),
    wish: { do: 'pay' },
    onFree: 'invoice_not_payable',
  });
  const { invoiceId } = asked.outcome;
  const payment = await readPayment(c, asked);
  const invoice = invoiceId === undefined ? null : await readInvoice(c.var.deps.db, invoiceId);
  if (invoice === null) throw new Error('an invoice was asked to be paid and is not there');
  return c.json({ invoice: showInvoice(invoice), payment }, payment === null ? 202 : 200);
});
