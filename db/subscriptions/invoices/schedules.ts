import { and, asc, eq, inArray, lt, ne, sql } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { sumMinor } from '../../../domain/kernel/index.ts';
import { ofInvoice, revenueRecognised } from '../../../domain/subscriptions/postings.ts';
import { recognisableMinor } from '../../../domain/subscriptions/revenue.ts';
import type { Tx } from '../../client.ts';
import { post } from '../../ledger/index.ts';
import { type Invoice, invoices, type RevenueSchedule, revenueSchedules } from './schema.ts';

// `recognised_minor` is the revenue that a schedule stands for: a refund that takes revenue back lowers it too. So all
// schedules' rests together are `platform:deferred`.

/** A paid invoice owes its period. `movedMinor` is what earlier invoices still owed and this one takes over. */
export async function openSchedule(
  tx: Tx,
  { id: invoiceId, amountMinor, taxMinor, currency }: Invoice,
  { start, end, movedMinor }: { readonly start: Date; readonly end: Date; readonly movedMinor: number },
): Promise<void> {
  await tx.insert(revenueSchedules).values({
    id: uuidv7(),
    invoiceId,
    amountMinor: amountMinor - taxMinor + movedMinor,
    currency,
    startsAt: start,
    endsAt: end,
  });
}

/** Turns what is due of a locked schedule by a moment into revenue. Returns how much that was, in minor units. */
export async function recognise(tx: Tx, schedule: RevenueSchedule, atMs: number): Promise<number> {
  const { amountMinor, recognisedMinor, startsAt, endsAt } = schedule;
  const dueMinor = recognisableMinor(
    { amountMinor, recognisedMinor, startsAtMs: startsAt.getTime(), endsAtMs: endsAt.getTime() },
    atMs,
  );
  if (dueMinor === 0) return 0;
  await change(tx, schedule, { recognisedMinor: dueMinor });
  await post(
    tx,
    { kind: 'revenue_recognised', currency: schedule.currency, ...ofInvoice(schedule.invoiceId) },
    revenueRecognised(dueMinor),
  );
  return dueMinor;
}

/** The service ends without a refund: what its schedules still hold is revenue. */
export async function recogniseRests(tx: Tx, subscriptionId: string): Promise<void> {
  for (const schedule of await lockOpen(tx, subscriptionId))
    await recognise(tx, schedule, schedule.endsAt.getTime());
}

/**
 * A year begins within the present period: up to then its service was given, and what is left of it counts for the
 * year. Returns that rest, in minor units, which no schedule holds until the caller opens the year's.
 */
export async function takeRests(tx: Tx, subscriptionId: string, at: Date): Promise<number> {
  const restsMinor: number[] = [];
  for (const schedule of await lockOpen(tx, subscriptionId)) {
    const dueMinor = await recognise(tx, schedule, at.getTime());
    const restMinor = schedule.amountMinor - schedule.recognisedMinor - dueMinor;
    await change(tx, schedule, { amountMinor: -restMinor });
    restsMinor.push(restMinor);
  }
  return sumMinor(restsMinor);
}

/**
 * Takes a refund of an invoice, without its tax, out of what the invoice still owes, then out of the revenue that it
 * became, then out of what a later schedule took over of it. Minor units.
 */
export async function takeFromSchedules(
  tx: Tx,
  { id: invoiceId, subscriptionId }: Pick<Invoice, 'id' | 'subscriptionId'>,
  wantedMinor: number,
): Promise<{ readonly deferredMinor: number; readonly revenueMinor: number }> {
  const own = await lockOf(tx, invoiceId);
  const ownRestMinor = own === undefined ? 0 : own.amountMinor - own.recognisedMinor;
  const restTakenMinor = Math.min(wantedMinor, ownRestMinor);
  const earnedTakenMinor = Math.min(wantedMinor - restTakenMinor, own?.recognisedMinor ?? 0);
  if (own !== undefined) {
    const byMinor = { amountMinor: -(restTakenMinor + earnedTakenMinor), recognisedMinor: -earnedTakenMinor };
    await change(tx, own, byMinor);
  }
  let missingMinor = wantedMinor - restTakenMinor - earnedTakenMinor;
  let movedTakenMinor = 0;
  const others = missingMinor === 0 ? [] : await lockOpen(tx, subscriptionId, invoiceId);
  for (const schedule of others) {
    const byMinor = Math.min(missingMinor, schedule.amountMinor - schedule.recognisedMinor);
    await change(tx, schedule, { amountMinor: -byMinor });
    missingMinor -= byMinor;
    movedTakenMinor += byMinor;
  }
  return {
    deferredMinor: restTakenMinor + movedTakenMinor,
    revenueMinor: earnedTakenMinor + missingMinor,
  };
}

/** The money of a refund is back: the invoice owes and has earned what the refund took. */
export async function giveToSchedule(
  tx: Tx,
  invoiceId: string,
  { deferredMinor, revenueMinor }: { readonly deferredMinor: number; readonly revenueMinor: number },
): Promise<void> {
  const own = await lockOf(tx, invoiceId);
  if (own === undefined) throw new Error(`invoice ${invoiceId} was paid and has no schedule`);
  const byMinor = { amountMinor: deferredMinor + revenueMinor, recognisedMinor: revenueMinor };
  await change(tx, own, byMinor);
}

async function lockOf(tx: Tx, invoiceId: string): Promise<RevenueSchedule | undefined> {
  const [own] = await tx
    .select()
    .from(revenueSchedules)
    .where(eq(revenueSchedules.invoiceId, invoiceId))
    .for('no key update');
  return own;
}

/** The schedules of a subscription that still owe something, the latest first, but for one invoice's. */
async function lockOpen(tx: Tx, subscriptionId: string, but?: string): Promise<RevenueSchedule[]> {
  const own = tx
    .select({ id: invoices.id })
    .from(invoices)
    .where(eq(invoices.subscriptionId, subscriptionId));
  // Locked in the order of ids, as by those who recognise in batches.
  const open = await tx
    .select()
    .from(revenueSchedules)
    .where(
      and(
        inArray(revenueSchedules.invoiceId, own),
        lt(revenueSchedules.recognisedMinor, revenueSchedules.amountMinor),
        but === undefined ? undefined : ne(revenueSchedules.invoiceId, but),
      ),
    )
    .orderBy(asc(revenueSchedules.id))
    .for('no key update');
  return open.toSorted((a, b) => b.endsAt.getTime() - a.endsAt.getTime());
}

/** By how much a schedule's amounts change, in minor units. */
async function change(
  tx: Tx,
  { id }: RevenueSchedule,
  { amountMinor = 0, recognisedMinor = 0 }: { amountMinor?: number; recognisedMinor?: number },
): Promise<void> {
  await tx
    .update(revenueSchedules)
    .set({
      amountMinor: sql`${revenueSchedules.amountMinor} + ${amountMinor}`,
      recognisedMinor: sql`${revenueSchedules.recognisedMinor} + ${recognisedMinor}`,
    })
    .where(eq(revenueSchedules.id, id));
}
