import { and, eq, ne, type SQL } from 'drizzle-orm';
import { v5 as uuidv5, v7 as uuidv7 } from 'uuid';
import { sumMinor } from '../../../domain/kernel/index.ts';
import type { InvoiceLineKind, InvoiceReason } from '../../../domain/subscriptions/invoice-machine.ts';
import { taxOf } from '../../../domain/subscriptions/tax.ts';
import { users } from '../../accounts/index.ts';
import type { Tx } from '../../client.ts';
import { MissingRow } from '../../kernel/index.ts';
import type { PricedPlan } from '../prices.ts';
import type { Subscription } from '../schema.ts';
import { type Invoice, invoiceLines, invoices } from './schema.ts';

export interface InvoiceToOpen {
  readonly reason: InvoiceReason;
  readonly priced: PricedPlan;
  /** Null where the payment decides when it begins. */
  readonly period: { readonly start: Date; readonly end: Date } | null;
  /** The plan's whole price where they are absent. */
  readonly lines?: readonly {
    readonly kind: InvoiceLineKind;
    readonly description: string;
    readonly amountMinor: number;
  }[];
  /** Billing time. */
  readonly now: Date;
}

/** What a line calls a plan by the month or the year. */
export const planLine = ({ plan, price }: PricedPlan): string => `${plan.name} (${price.billingCycle})`;

/** The namespace of ids of invoices that are charged without their buyer. */
const CHARGED_ALONE = '6a0f3c1e-58b7-4d0e-9c55-2b7e41d8a936';

/** Writes an invoice, `open`, with its lines. The subscription must be locked; the caller opens the attempt. */
export async function openInvoice(
  tx: Tx,
  subscription: Pick<Subscription, 'id' | 'userId' | 'currentPeriodEnd'>,
  toOpen: InvoiceToOpen,
): Promise<Invoice> {
  const { reason, priced, period, lines, now } = toOpen;
  const written = lines ?? [
    { kind: 'plan' as const, description: planLine(priced), amountMinor: priced.price.amountMinor },
  ];
  const issuedTo = await issuedToOf(tx, subscription.userId);
  const [invoice] = await tx
    .insert(invoices)
    .values({
      id: await idOf(tx, subscription, toOpen),
      subscriptionId: subscription.id,
      priceId: priced.price.id,
      reason,
      periodStart: period?.start ?? null,
      periodEnd: period?.end ?? null,
      amountMinor: sumMinor(written.map((line) => line.amountMinor)),
      currency: priced.price.currency,
      taxMinor: taxOf(written, issuedTo),
      issuedTo,
      createdAt: now,
    })
    .returning();
  if (invoice === undefined) throw new Error(`no invoice of subscription ${subscription.id} was inserted`);
  await tx.insert(invoiceLines).values(
    written.map(({ kind, description, amountMinor }, position) => ({
      ...{ id: uuidv7(), invoiceId: invoice.id, position },
      ...{ kind, description, amountMinor },
    })),
  );
  return invoice;
}

/**
 * The id, at the PSP too, of what a card is charged for without its buyer follows from what it is for. After a restore of
 * the database the same charge is asked for under the same id, and the PSP says that it has been made.
 */
async function idOf(
  tx: Tx,
  { id, currentPeriodEnd }: Pick<Subscription, 'id' | 'currentPeriodEnd'>,
  { reason, priced, period }: InvoiceToOpen,
): Promise<string> {
  const nth = async (what: string, isSuch: SQL | undefined) => {
    const before = await tx.$count(invoices, and(eq(invoices.subscriptionId, id), isSuch));
    // Not in the namespace of the id itself: PostgreSQL takes ids of an older system that RFC 9562 does not know.
    return uuidv5(`${id}/${what}/${before}`, CHARGED_ALONE);
  };
  if (reason === 'change') {
    const isSuch = and(eq(invoices.reason, reason), eq(invoices.priceId, priced.price.id));
    return nth(`${priced.price.id}/${currentPeriodEnd?.toISOString() ?? ''}`, isSuch);
  }
  // The buyer is there, and sees what they pay.
  if (period === null) return uuidv7();
  const isVoidOfPeriod = and(
    eq(invoices.status, 'void'),
    ne(invoices.reason, 'change'),
    eq(invoices.periodStart, period.start),
  );
  return nth(period.start.toISOString(), isVoidOfPeriod);
}

async function issuedToOf(tx: Tx, userId: string) {
  const [user] = await tx.select({ email: users.email }).from(users).where(eq(users.id, userId));
  if (user === undefined) throw new MissingRow('user', userId);
  return { userId, email: user.email };
}
