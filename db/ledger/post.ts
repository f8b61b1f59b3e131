import { and, asc, eq, inArray, type SQL, sql } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import {
  balanceSign,
  type Entry,
  type SellerAccount,
  type SellerFunds,
} from '../../domain/ledger/entries.ts';
import type { LedgerSubject, PostingKind } from '../../domain/postings.ts';
import { sumMinor } from '../../domain/kernel/index.ts';
import type { Tx } from '../client.ts';
import { ledgerEntries, sellerBalances } from './schema.ts';

/** A row that a posting names. No foreign key holds it: the check of the books does (invariant 1). */
export interface LedgerRow {
  readonly kind: LedgerSubject;
  readonly id: string;
}

export interface PostingOf {
  readonly kind: PostingKind;
  readonly currency: string;
  /** What moved: a refund, a transfer, … */
  readonly of: LedgerRow;
  /** The order or payout in whose story it stands; an order's own posting names the order twice. */
  readonly root: LedgerRow;
}

/** A seller's balances of one currency, with the rest that the grain has kept back. Minor units. */
export interface LockedFunds extends SellerFunds {
  readonly restMinor: number;
}

const BALANCE_COLUMN = {
  pending: 'pendingMinor',
  available: 'availableMinor',
  paying_out: 'payingOutMinor',
  owed: 'owedMinor',
  fees_owed: 'feesOwedMinor',
} as const satisfies Record<SellerAccount, string>;

/**
 * Writes one balanced ledger transaction and changes the sellers' balances by it, so that rows and ledger agree to
 * the cent. Call it in the database transaction of the status change that it records. Throws where the entries do not
 * sum to zero; PostgreSQL refuses a balance below zero.
 */
export async function post(tx: Tx, posting: PostingOf, entries: readonly Entry[]): Promise<void> {
  const moving = entries.filter((entry) => entry.amountMinor !== 0);
  if (moving.length === 0) return;
  if (sumMinor(moving.map((entry) => entry.amountMinor)) !== 0) {
    throw new Error(`the posting ${posting.kind} does not sum to zero: ${JSON.stringify(moving)}`);
  }
  const transactionId = uuidv7();
  const { kind, currency, of, root } = posting;
  const named = { kind, currency, ofKind: of.kind, ofId: of.id, rootKind: root.kind, rootId: root.id };
  await tx.insert(ledgerEntries).values(moving.map((entry) => ({ ...named, ...entry, transactionId })));
  for (const [sellerId, changes] of changesOf(moving)) {
    const set: Partial<Record<Balance, SQL>> = {};
    for (const [column, byMinor] of changes) set[column] = sql`${sellerBalances[column]} + ${byMinor}`;
    await tx
      .update(sellerBalances)
      .set(set)
      .where(and(eq(sellerBalances.sellerId, sellerId), eq(sellerBalances.currency, currency)));
  }
}

type Balance = (typeof BALANCE_COLUMN)[SellerAccount];

/** By how much each balance of each seller changes, in minor units. */
function changesOf(entries: readonly Entry[]): Map<string, Map<Balance, number>> {
  const sellers = new Map<string, Map<Balance, number>>();
  for (const { account, amountMinor } of entries) {
    const [, sellerId, name] = /^seller:([^:]+):(.+)$/.exec(account) ?? [];
    if (sellerId === undefined || name === undefined) continue;
    const changes = sellers.get(sellerId) ?? new Map<Balance, number>();
    const column = BALANCE_COLUMN[name as SellerAccount];
    changes.set(column, (changes.get(column) ?? 0) + balanceSign(account) * amountMinor);
    sellers.set(sellerId, changes);
  }
  return sellers;
}

/**
 * Locks the sellers' balances of one currency, and makes missing ones. Always in the order of ids, and after orders,
 * transfers and reversals, so that two transactions cannot wait for each other.
 */
export async function lockFunds(
  tx: Tx,
  sellerIds: readonly string[],
  currency: string,
): Promise<Map<string, LockedFunds>> {
  const ids = [...new Set(sellerIds)].toSorted();
  if (ids.length === 0) return new Map();
  const lock = () =>
    tx
      .select()
      .from(sellerBalances)
      .where(and(inArray(sellerBalances.sellerId, ids), eq(sellerBalances.currency, currency)))
      .orderBy(asc(sellerBalances.sellerId))
      .for('no key update');
  let rows = await lock();
  if (rows.length < ids.length) {
    await tx
      .insert(sellerBalances)
      .values(ids.map((sellerId) => ({ sellerId, currency })))
      .onConflictDoNothing();
    rows = await lock();
  }
  return new Map(rows.map((row) => [row.sellerId, row]));
}

/** The locked funds of a seller; a missing one is a defect of the caller. */
export function fundsOf(funds: ReadonlyMap<string, LockedFunds>, sellerId: string): LockedFunds {
  const found = funds.get(sellerId);
  if (found === undefined) throw new Error(`the balance of seller ${sellerId} was not locked`);
  return found;
}

/**
 * Raises or lowers the rest that the grain keeps of a seller's shares. It is part of `pending`, so the ledger does
 * not change.
 */
export async function carryRest(tx: Tx, sellerId: string, currency: string, byMinor: number): Promise<void> {
  if (byMinor === 0) return;
  await tx
    .update(sellerBalances)
    .set({ restMinor: sql`${sellerBalances.restMinor} + ${byMinor}` })
    .where(and(eq(sellerBalances.sellerId, sellerId), eq(sellerBalances.currency, currency)));
}
