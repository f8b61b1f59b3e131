import { and, asc, desc, eq, getTableColumns, inArray } from 'drizzle-orm';
import type { Db, Tx } from '../../client.ts';
import { keyset, type Page, type PageAsk, toPage } from '../../kernel/index.ts';
import {
  creditNotes,
  type Invoice,
  type InvoiceLine,
  invoiceLines,
  type InvoicePayment,
  invoicePayments,
  invoices,
} from '../invoices/schema.ts';
import { subscriptions } from '../schema.ts';

export interface InvoiceRow extends Invoice {
  readonly lines: readonly InvoiceLine[];
}

export type CreditNote = typeof creditNotes.$inferSelect;

/** The invoices of one person, of all subscriptions that they had. */
export async function listInvoices(
  db: Db,
  { userId, ask }: { readonly userId: string; readonly ask: PageAsk },
): Promise<Page<InvoiceRow>> {
  const { after, orderBy, limit } = keyset(invoices, invoices.createdAt, invoices.id, ask);
  const rows = await db
    .select(getTableColumns(invoices))
    .from(invoices)
    .innerJoin(subscriptions, eq(subscriptions.id, invoices.subscriptionId))
    .where(and(eq(subscriptions.userId, userId), after))
    .orderBy(...orderBy)
    .limit(limit);
  const page = toPage(rows, ask);
  return { ...page, rows: await withLines(db, page.rows) };
}

/** Null where there is none, or it is another person's. */
export async function readInvoiceOf(db: Db, userId: string, invoiceId: string): Promise<InvoiceRow | null> {
  const rows = await db
    .select(getTableColumns(invoices))
    .from(invoices)
    .innerJoin(subscriptions, eq(subscriptions.id, invoices.subscriptionId))
    .where(and(eq(invoices.id, invoiceId), eq(subscriptions.userId, userId)));
  const [invoice] = await withLines(db, rows);
  return invoice ?? null;
}

export async function readInvoice(db: Db | Tx, invoiceId: string): Promise<InvoiceRow | null> {
  const rows = await db.select().from(invoices).where(eq(invoices.id, invoiceId));
  const [invoice] = await withLines(db, rows);
  return invoice ?? null;
}

export interface OpenInvoice {
  readonly invoice: InvoiceRow;
  readonly lastAttempt: InvoicePayment | null;
}

/** The invoice of a subscription that waits for money. */
export async function readOpenInvoice(db: Db, subscriptionId: string): Promise<OpenInvoice | null> {
  const [row] = await db
    .select({ invoice: invoices, lastAttempt: invoicePayments })
    .from(invoices)
    .leftJoin(invoicePayments, eq(invoicePayments.invoiceId, invoices.id))
    .where(and(eq(invoices.subscriptionId, subscriptionId), eq(invoices.status, 'open')))
    .orderBy(desc(invoicePayments.attempt))
    .limit(1);
  if (row === undefined) return null;
  const [invoice] = await withLines(db, [row.invoice]);
  return invoice === undefined ? null : { invoice, lastAttempt: row.lastAttempt };
}

/** Oldest first. */
export const listCreditNotes = (db: Db, invoiceId: string): Promise<CreditNote[]> =>
  db
    .select()
    .from(creditNotes)
    .where(eq(creditNotes.invoiceId, invoiceId))
    .orderBy(asc(creditNotes.createdAt), asc(creditNotes.number));

async function withLines(db: Db | Tx, rows: readonly Invoice[]): Promise<InvoiceRow[]> {
  if (rows.length === 0) return [];
  const lines = await db
    .select()
    .from(invoiceLines)
    .where(
      inArray(
        invoiceLines.invoiceId,
        rows.map(({ id }) => id),
      ),
    )
    .orderBy(asc(invoiceLines.position));
  return rows.map((row) => ({ ...row, lines: lines.filter(({ invoiceId }) => invoiceId === row.id) }));
}
