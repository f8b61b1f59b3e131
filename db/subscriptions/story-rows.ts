import { asc, eq, inArray } from 'drizzle-orm';
import type { Subject } from '../../domain/kernel/index.ts';
import { listMailsOf } from '../accounts/index.ts';
import type { Db } from '../client.ts';
import { among } from '../kernel/index.ts';
import { ledgerEntries } from '../ledger/index.ts';
import { readMoneyBackRows } from '../marketplace/index.ts';
import { subscriptionChanges } from './changes/schema.ts';
import { creditNotes, invoiceLines, invoicePayments, invoices, revenueSchedules } from './invoices/schema.ts';
import { cardSetups, planPrices, subscriptions } from './schema.ts';

/** Everything that belongs to a subscription, each by an index; null where there is none. */
export async function readSubscriptionRows(db: Db, subscriptionId: string) {
  const [found] = await db
    .select({ subscription: subscriptions, price: planPrices })
    .from(subscriptions)
    .innerJoin(planPrices, eq(planPrices.id, subscriptions.priceId))
    .where(eq(subscriptions.id, subscriptionId));
  if (found === undefined) return null;
  const ofIt = await db
    .select()
    .from(invoices)
    .where(eq(invoices.subscriptionId, subscriptionId))
    .orderBy(asc(invoices.createdAt), asc(invoices.id));
  const ids = ofIt.map(({ id }) => id);
  const [lines, attempts, schedules, notes, entries] = await Promise.all([
    among(ids, (some) =>
      db
        .select()
        .from(invoiceLines)
        .where(inArray(invoiceLines.invoiceId, some))
        .orderBy(asc(invoiceLines.invoiceId), asc(invoiceLines.position)),
    ),
    among(ids, (some) =>
      db
        .select()
        .from(invoicePayments)
        .where(inArray(invoicePayments.invoiceId, some))
        .orderBy(asc(invoicePayments.createdAt), asc(invoicePayments.attempt)),
    ),
    among(ids, (some) => db.select().from(revenueSchedules).where(inArray(revenueSchedules.invoiceId, some))),
    among(ids, (some) => db.select().from(creditNotes).where(inArray(creditNotes.invoiceId, some))),
    among(ids, (some) =>
      db
        .select()
        .from(ledgerEntries)
        .where(inArray(ledgerEntries.rootId, some))
        .orderBy(asc(ledgerEntries.id)),
    ),
  ]);
  const back = await readMoneyBackRows(db, ids);
  const [changes, setups] = await Promise.all([
    db
      .select()
      .from(subscriptionChanges)
      .where(eq(subscriptionChanges.subscriptionId, subscriptionId))
      .orderBy(asc(subscriptionChanges.createdAt)),
    db
      .select()
      .from(cardSetups)
      .where(eq(cardSetups.subscriptionId, subscriptionId))
      .orderBy(asc(cardSetups.createdAt)),
  ]);
  const mails = await listMailsOf(db, [subscriptionId, ...ids, ...changes.map(({ id }) => id)]);
  return {
    ...found,
    invoices: ofIt,
    lines,
    attempts,
    schedules,
    notes,
    entries,
    changes,
    setups,
    back,
    mails,
  };
}
export type SubscriptionRows = NonNullable<Awaited<ReturnType<typeof readSubscriptionRows>>>;

/** The subscription that an invoice, an attempt or a set-up payment belongs to; null where there is no such row. */
export async function subscriptionBehind(db: Db, { kind, id }: Subject): Promise<string | null> {
  if (kind === 'setup') {
    const [setup] = await db
      .select({ id: cardSetups.subscriptionId })
      .from(cardSetups)
      .where(eq(cardSetups.id, id));
    return setup?.id ?? null;
  }
  const ofInvoice = db.select({ id: invoices.subscriptionId }).from(invoices);
  const [found] =
    kind === 'attempt'
      ? await ofInvoice
          .innerJoin(invoicePayments, eq(invoicePayments.invoiceId, invoices.id))
          .where(eq(invoicePayments.id, id))
      : await ofInvoice.where(eq(invoices.id, id));
  return found?.id ?? null;
}
