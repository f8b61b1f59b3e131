import { and, eq, inArray, sql } from 'drizzle-orm';
import { subscriptionWorkflowId } from '../../domain/subscriptions/ids.ts';
import type { Db, Tx } from '../client.ts';
import { raiseFlag } from '../kernel/index.ts';
import { invoicePayments, invoices } from './invoices/schema.ts';

/**
 * A payment of a subscription that brought money which its invoice does not name: the gate does not see it, and nobody had it
 * back. No verb of ours leaves rows so; a repair by hand, or an older system, may. Null: there is none.
 */
export async function findUnnamedMoney(db: Db | Tx, subscriptionId: string): Promise<string | null> {
  const [found] = await db
    .select({ id: invoicePayments.id })
    .from(invoicePayments)
    .innerJoin(invoices, eq(invoices.id, invoicePayments.invoiceId))
    .where(
      and(
        eq(invoices.subscriptionId, subscriptionId),
        eq(invoicePayments.status, 'succeeded'),
        inArray(invoices.status, ['open', 'paid', 'partially_refunded']),
        sql`btrim(coalesce(${invoices.hyperswitchPaymentId}, '')) = ''`,
      ),
    )
    .limit(1);
  return found?.id ?? null;
}

/** Has a person look at money that carries nothing; true where there is some. */
export async function flagUnnamedMoney(db: Db | Tx, subscriptionId: string): Promise<boolean> {
  const paymentId = await findUnnamedMoney(db, subscriptionId);
  if (paymentId === null) return false;
  const detail = `The payment ${paymentId} has come, and its invoice does not name it: nobody has features by it. Name it there, or refund the invoice`;
  await raiseFlag(db, 'phantom', subscriptionWorkflowId(subscriptionId), detail);
  return true;
}
