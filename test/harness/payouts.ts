import { eq } from 'drizzle-orm';
import { expect } from 'vitest';
import { ledgerEntries, sellerBalances } from '../../db/ledger/schema.ts';
import { sellerPayouts } from '../../db/payouts/schema.ts';
import type { RequestEntry } from '../../stand-ins/kernel/requests.ts';
import type { StripeFault } from '../../stand-ins/stripe/index.ts';
import { until } from './wait.ts';
import { type Seller, type Shop } from './shop.ts';
import { soldOrder } from './refunded.ts';
import type { Person, World } from './world.ts';

export type PayoutRow = typeof sellerPayouts.$inferSelect;

/** A shop whose seller has 90.00 USD available, out of one order. */
export async function earnedShop(world: World, known?: Shop) {
  const { shop, orderId, transfer } = await soldOrder(world, known);
  return { shop, seller: shop.seller, orderId, transfer };
}

export const askPayout = (world: World, seller: Person, body: unknown = {}, key?: string) =>
  world.post(seller, '/sellers/me/payouts', body, key === undefined ? {} : { 'idempotency-key': key });

/** Asks for a payout and expects it opened. */
export async function openedPayout(world: World, seller: Person, body: unknown = {}): Promise<string> {
  const answer = await askPayout(world, seller, body);
  expect(answer.status, JSON.stringify(answer.body)).toBe(202);
  return answer.body.payout!.id;
}

export async function payoutRow({ database: { db } }: World, id: string): Promise<PayoutRow> {
  const [row] = await db.select().from(sellerPayouts).where(eq(sellerPayouts.id, id));
  if (row === undefined) throw new Error(`there is no payout ${id}`);
  return row;
}

export const payoutsOf = ({ database: { db } }: World, seller: Person) =>
  db
    .select()
    .from(sellerPayouts)
    .where(eq(sellerPayouts.sellerId, seller.id))
    .orderBy(sellerPayouts.createdAt);

export const payoutIs = (world: World, id: string, isSo: (row: PayoutRow) => boolean) =>
  until(() => payoutRow(world, id), isSo);

export const waitsFor = (world: World, id: string, what: string) =>
  payoutIs(world, id, (row) => row.waitingFor === what);

/** Available, on its way and owed, in minor units. */
export async function fundsOf({ database: { db } }: World, seller: Person) {
  const [row] = await db.select().from(sellerBalances).where(eq(sellerBalances.sellerId, seller.id));
  const { availableMinor = 0, payingOutMinor = 0, owedMinor = 0 } = row ?? {};
  return { availableMinor, payingOutMinor, owedMinor };
}

/** Trouble on calls that would make this payout. */
export const onPayouts = (world: World, fault: Exclude<StripeFault, { kind: `${string}Webhook${string}` }>) =>
  world.stripe.control.addFault({ ...fault, match: 'payouts.create' });

/** Calls that would make this payout, oldest first. */
export const payoutCalls = (world: World, payoutId: string): RequestEntry[] =>
  world.stripe.control
    .requests('payouts.create')
    .filter((entry) => entry.headers['idempotency-key']?.startsWith(`payout:${payoutId}:`));

/** What Stripe made for this account. */
export const madeFor = (world: World, seller: Seller) => world.stripe.control.payouts(seller.accountId);

/** The postings of a payout, in their order. */
export async function postingsOf({ database: { db } }: World, payoutId: string): Promise<string[]> {
  const rows = await db
    .select({ transactionId: ledgerEntries.transactionId, kind: ledgerEntries.kind })
    .from(ledgerEntries)
    .where(eq(ledgerEntries.rootId, payoutId))
    .orderBy(ledgerEntries.id);
  return [...new Map(rows.map((row) => [row.transactionId, row.kind])).values()];
}
