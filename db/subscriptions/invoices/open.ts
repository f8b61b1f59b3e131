import { eq } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
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

/** Writes an invoice, `open`, with its lines. The subscription must be locked; the caller opens the attempt. */
export async function openInvoice(
  tx: Tx,
  subscription: Pick<Subscription, 'id' | 'userId'>,
  { reason, priced, period, lines, now }: InvoiceToOpen,
): Promise<Invoice> {
  const written = lines ?? [
    { kind: 'plan' as const, description: planLine(priced), amountMinor: priced.price.amountMinor },
  ];
  const issuedTo = await issuedToOf(tx, subscription.userId);
  const [invoice] = await tx
    .insert(invoices)
    .values({
      id: uuidv7(),
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

async function issuedToOf(tx: Tx, userId: string) {
  const [user] = await tx.select({ email: users.email }).from(users).where(eq(users.id, userId));
  if (user === undefined) throw new MissingRow('user', userId);
  return { userId, email: user.email };
}
