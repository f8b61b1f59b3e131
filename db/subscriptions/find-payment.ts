import { eq, sql } from 'drizzle-orm';
import { isUuid } from '../../domain/kernel/index.ts';
import type { Db } from '../client.ts';
import { writtenOnce } from '../kernel/index.ts';
import { type InvoicePayment, invoicePayments, invoices } from './invoices/schema.ts';
import { type CardSetup, cardSetups } from './schema.ts';

/** A payment of ours at the PSP: an attempt to be paid, or a set-up payment. */
export type FoundPayment =
  | { readonly kind: 'attempt'; readonly attempt: InvoicePayment; readonly subscriptionId: string }
  | { readonly kind: 'setup'; readonly setup: CardSetup; readonly subscriptionId: string };

const named = writtenOnce((db) =>
  db
    .select({
      attempt: invoicePayments,
      attemptOf: invoices.subscriptionId,
      setup: cardSetups,
    })
    .from(sql`(SELECT) AS one`)
    .leftJoin(invoicePayments, eq(invoicePayments.id, sql.placeholder('id')))
    .leftJoin(invoices, eq(invoices.id, invoicePayments.invoiceId))
    .leftJoin(cardSetups, eq(cardSetups.id, sql.placeholder('id')))
    .prepare('named_payment'),
);

/** By the PSP's id of the payment, which is our row's; null where no row has it. In one statement. */
export async function findPayment(db: Db, paymentId: string): Promise<FoundPayment | null> {
  if (!isUuid(paymentId)) return null;
  const [found] = await named(db).execute({ id: paymentId });
  if (found?.attempt && found.attemptOf !== null)
    return { kind: 'attempt', attempt: found.attempt, subscriptionId: found.attemptOf };
  const setup = found?.setup ?? null;
  return setup === null ? null : { kind: 'setup', setup, subscriptionId: setup.subscriptionId };
}
