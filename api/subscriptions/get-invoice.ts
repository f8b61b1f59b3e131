import { createRoute, z } from '@hono/zod-openapi';
import { listCreditNotes, readInvoiceOf } from '../../db/subscriptions/read/invoices.ts';
import { VezaError } from '../../domain/errors.ts';
import { defineRoute, fails, SIGNED_IN } from '../kernel/index.ts';
import { alsoWhileLeaving, signedIn } from '../middleware/access.ts';
import { invoicePdf } from './invoice-pdf.ts';
import { InvoiceInFull, showInvoiceInFull } from './invoice-view.ts';

const PDF = '.pdf';
const Params = z.object({
  // The router knows no parameter with something behind it, so both documents are one route.
  invoiceId: z
    .string()
    .toLowerCase()
    .regex(/^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}(\.pdf)?$/, 'A UUID, or one with .pdf')
    .openapi({
      param: { name: 'invoiceId', in: 'path' },
      description: 'The invoice’s id; with `.pdf` after it, the document',
      example: '0198f2a4-5c7e-7d3a-9b1c-2f6e8a4d0c11.pdf',
    }),
});

const route = createRoute({
  method: 'get',
  path: '/subscriptions/invoices/{invoiceId}',
  operationId: 'getInvoice',
  summary: 'One of your invoices, also as a PDF',
  description:
    'A paid invoice never changes, and its PDF has the same bytes each time; the credit notes of refunds stand beside it. An invoice that is not paid has no PDF.',
  tags: ['Subscriptions'],
  ...alsoWhileLeaving(signedIn()),
  request: { params: Params },
  responses: {
    200: {
      description: 'The invoice',
      content: {
        'application/json': { schema: z.object({ invoice: InvoiceInFull }) },
        'application/pdf': { schema: z.string().openapi({ format: 'binary' }) },
      },
    },
    ...fails(...SIGNED_IN, 'validation_failed', 'invoice_not_found'),
  },
});

export const getInvoice = defineRoute(route, async (c) => {
  const { db } = c.var.deps;
  const asked = c.req.valid('param').invoiceId;
  const invoiceId = asked.replace(PDF, '');
  const invoice = await readInvoiceOf(db, c.var.caller.userId, invoiceId);
  if (invoice === null) throw new VezaError('invoice_not_found', `There is no invoice ${invoiceId}.`);
  if (asked === invoiceId) {
    const creditNotes = await listCreditNotes(db, invoiceId);
    return c.json({ invoice: showInvoiceInFull(invoice, creditNotes) }, 200);
  }
  const { number, issuer, paidAt, periodStart, periodEnd } = invoice;
  if (number === null || issuer === null || paidAt === null || periodStart === null || periodEnd === null)
    throw new VezaError('invoice_not_found', `Invoice ${invoiceId} is not paid: it has no PDF.`);
  const pdf = await invoicePdf({ ...invoice, number, issuer, paidAt, periodStart, periodEnd });
  return c.body(Uint8Array.from(pdf), 200, {
    'Content-Type': 'application/pdf',
    'Content-Disposition': `inline; filename="${number}.pdf"`,
    'Cache-Control': 'private, no-store',
  });
});
