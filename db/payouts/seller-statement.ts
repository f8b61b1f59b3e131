import { type SQL, sql } from 'drizzle-orm';
import type { PostingKind } from '../../domain/postings.ts';
import {
  SELLER_STATEMENT_PARTS,
  type SellerStatementPart,
  type SellerStatementParts,
} from '../../domain/payouts/seller-statement.ts';
import type { Db, Tx } from '../client.ts';

/** Includes `from`, excludes `to`; without `from` it begins with the first entry. */
export interface SellerStatementRange {
  readonly sellerId: string;
  readonly from: Date | null;
  readonly to: Date;
}

/** One posting as far as it touches the seller. Amounts in minor units. */
export interface SellerStatementLine {
  readonly transactionId: string;
  readonly at: Date;
  readonly kind: PostingKind;
  readonly currency: string;
  readonly orderId: string | null;
  readonly refundId: string | null;
  readonly transferId: string | null;
  readonly payoutId: string | null;
  /** The fee that the platform took of a sale (positive), or gave back with a refund (negative). */
  readonly feeMinor: number;
  readonly change: SellerStatementParts;
  /** Balances of this currency after this line. */
  readonly balance: SellerStatementParts;
}

export type Balances = ReadonlyMap<string, SellerStatementParts>;

export interface SellerStatementPage {
  /** By currency, at `from`. */
  readonly opening: Balances;
  /** By currency, at `to`, even where the page ends earlier. */
  readonly closing: Balances;
  readonly lines: readonly SellerStatementLine[];
  /** The last line's posting, where more lines follow. */
  readonly nextAfterId: string | null;
}

/** A line's place: time alone is not enough, since postings of one database transaction share it. */
interface Position {
  /** As PostgreSQL writes it: JavaScript would lose the microseconds. */
  readonly at: string;
  readonly firstEntryId: string;
}

/**
 * Reads part of a seller statement from `seller_postings`: a page reads its own lines and one more row for each balance,
 * however long the seller statement is. Null where `afterId` is no posting of theirs. Read on one snapshot, so that balances
 * and lines agree.
 */
export async function readSellerStatement(
  db: Db,
  range: SellerStatementRange,
  { limit, afterId }: { readonly limit: number; readonly afterId: string | null },
): Promise<SellerStatementPage | null> {
  return db.transaction(
    async (tx) => {
      const after = afterId === null ? null : await findPosition(tx, range.sellerId, afterId);
      if (after === undefined) return null;
      const opening =
        range.from === null
          ? new Map<string, SellerStatementParts>()
          : await balancesBefore(tx, range.sellerId, range.from);
      const closing = await balancesBefore(tx, range.sellerId, range.to);
      return { opening, closing, ...(await readLines(tx, range, after, limit)) };
    },
    { isolationLevel: 'repeatable read', accessMode: 'read only' },
  );
}

/** Reads more lines of a seller statement, each page on its own snapshot. */
export async function readFurtherLines(
  db: Db,
  range: SellerStatementRange,
  { limit, afterId }: { readonly limit: number; readonly afterId: string },
): Promise<Pick<SellerStatementPage, 'lines' | 'nextAfterId'>> {
  const after = await findPosition(db, range.sellerId, afterId);
  if (after === undefined) throw new Error(`the ledger has lost the posting ${afterId}`);
  return readLines(db, range, after, limit);
}

type PartsRow<Suffix extends string> = Record<`${SellerStatementPart}_${Suffix}`, string>;

const partsOf = <Suffix extends 'change' | 'minor'>(row: PartsRow<Suffix>, suffix: Suffix) =>
  Object.fromEntries(
    SELLER_STATEMENT_PARTS.map((part) => [part, Number(row[`${part}_${suffix}`])]),
  ) as unknown as SellerStatementParts;

const columns = (suffix: 'change' | 'minor'): SQL =>
  sql.join(
    SELLER_STATEMENT_PARTS.map((part) => sql`kept.${sql.identifier(`${part}_${suffix}`)}`),
    sql`, `,
  );

/** The last balances before a time, by currency; currencies are few, and each look-up finds the next one. */
async function balancesBefore(db: Db | Tx, sellerId: string, at: Date): Promise<Balances> {
  const firstAfter = (currency: SQL) => sql`
    SELECT p.currency FROM seller_postings AS p
    WHERE p.seller_id = ${sellerId} AND p.currency > ${currency} ORDER BY p.currency LIMIT 1`;
  const rows = await db.execute<PartsRow<'minor'> & { currency: string }>(sql`
    WITH RECURSIVE held (currency) AS (
      (${firstAfter(sql`''`)})
      UNION ALL SELECT next.currency FROM held CROSS JOIN LATERAL (${firstAfter(sql`held.currency`)}) AS next
    )
    SELECT kept.currency, ${columns('minor')} FROM held CROSS JOIN LATERAL (
      SELECT * FROM seller_postings AS p
      WHERE p.seller_id = ${sellerId} AND p.currency = held.currency AND p.created_at < ${at.toISOString()}::timestamptz
      ORDER BY p.created_at DESC, p.first_entry_id DESC LIMIT 1
    ) AS kept ORDER BY kept.currency`);
  return new Map(rows.map((row) => [row.currency, partsOf(row, 'minor')]));
}

/** Undefined where the posting does not touch the seller. */
async function findPosition(
  db: Db | Tx,
  sellerId: string,
  transactionId: string,
): Promise<Position | undefined> {
  const [row] = await db.execute<{ at: string; first: string }>(sql`
    SELECT created_at::text AS at, first_entry_id AS first FROM seller_postings
    WHERE transaction_id = ${transactionId} AND seller_id = ${sellerId}
    ORDER BY created_at DESC, first_entry_id DESC LIMIT 1`);
  return row && { at: row.at, firstEntryId: row.first };
}

interface LineRow extends PartsRow<'change'>, PartsRow<'minor'>, Record<string, unknown> {
  transaction_id: string;
  at: string;
  kind: PostingKind;
  currency: string;
  order_id: string | null;
  refund_id: string | null;
  transfer_id: string | null;
  payout_id: string | null;
  fee: string;
}

/**
 * The fee is in no account of the seller: it is read from the order's items and allocations, and explains the line,
 * not the balance.
 */
async function readLines(
  db: Db | Tx,
  { sellerId, from, to }: SellerStatementRange,
  after: Position | null,
  limit: number,
): Promise<Pick<SellerStatementPage, 'lines' | 'nextAfterId'>> {
  const since =
    after === null
      ? sql`created_at >= ${from?.toISOString() ?? '-infinity'}::timestamptz`
      : sql`(created_at, first_entry_id) > (${after.at}::timestamptz, ${after.firstEntryId}::bigint)`;
  const rows = await db.execute<LineRow>(sql`
    WITH kept AS (
      SELECT * FROM seller_postings
      WHERE seller_id = ${sellerId} AND ${since} AND created_at < ${to.toISOString()}::timestamptz
      ORDER BY created_at, first_entry_id LIMIT ${limit + 1}
    )
    SELECT kept.transaction_id, kept.created_at::text AS at, entry.kind, kept.currency,
      CASE entry.root_kind WHEN 'order' THEN entry.root_id END AS order_id,
      CASE entry.of_kind WHEN 'refund' THEN entry.of_id WHEN 'reversal' THEN (
        SELECT refund_id FROM transfer_reversals WHERE id = entry.of_id) END AS refund_id,
      CASE entry.of_kind WHEN 'transfer' THEN entry.of_id WHEN 'reversal' THEN (
        SELECT transfer_id FROM transfer_reversals WHERE id = entry.of_id) END AS transfer_id,
      CASE entry.root_kind WHEN 'payout' THEN entry.root_id END AS payout_id,
      ${columns('change')}, ${columns('minor')},
      coalesce(CASE entry.kind
        WHEN 'order_completed' THEN (
          SELECT sum(platform_fee_minor) FROM order_items AS item
          WHERE item.order_id = entry.root_id AND item.seller_id = kept.seller_id)
        WHEN 'refund_succeeded' THEN (
          SELECT -sum(fee_minor) FROM refund_allocations AS allocation
          JOIN order_items AS item ON item.id = allocation.order_item_id
          WHERE allocation.refund_id = entry.of_id AND item.seller_id = kept.seller_id)
      END, 0) AS fee
    FROM kept JOIN ledger_entries AS entry ON entry.id = kept.first_entry_id
    ORDER BY kept.created_at, kept.first_entry_id`);
  const lines = rows.slice(0, limit).map((row) => ({
    transactionId: row.transaction_id,
    at: new Date(row.at),
    kind: row.kind,
    currency: row.currency,
    orderId: row.order_id,
    refundId: row.refund_id,
    transferId: row.transfer_id,
    payoutId: row.payout_id,
    feeMinor: Number(row.fee),
    change: partsOf<'change'>(row, 'change'),
    balance: partsOf<'minor'>(row, 'minor'),
  }));
  return { lines, nextAfterId: rows.length > limit ? (lines.at(-1)?.transactionId ?? null) : null };
}
