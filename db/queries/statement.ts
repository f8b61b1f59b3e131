import { type SQL, sql } from 'drizzle-orm';
import type { PostingKind } from '../../domain/ledger.ts';
import {
  accountOf,
  addParts,
  NOTHING,
  signOf,
  STATEMENT_PARTS,
  type StatementPart,
  type StatementParts,
} from '../../domain/statement.ts';
import type { Db, Tx } from '../client.ts';

/** `from` is in it, `to` is not; without `from` it begins with the first entry. */
export interface StatementRange {
  readonly sellerId: string;
  readonly from: Date | null;
  readonly to: Date;
}

/** One posting as far as it touches the seller. Amounts in minor units. */
export interface StatementLine {
  readonly transactionId: string;
  readonly at: Date;
  readonly kind: PostingKind;
  readonly currency: string;
  readonly orderId: string | null;
  readonly refundId: string | null;
  readonly transferId: string | null;
  readonly payoutId: string | null;
  /** What the platform took of a sale (positive), or gave back with a refund (negative). */
  readonly feeMinor: number;
  readonly change: StatementParts;
  /** Of this currency, after this line. */
  readonly balance: StatementParts;
}

export type Balances = ReadonlyMap<string, StatementParts>;

export interface StatementPage {
  /** By currency, at `from`. */
  readonly opening: Balances;
  /** By currency, at `to`; not cut off with the page. */
  readonly closing: Balances;
  readonly lines: readonly StatementLine[];
  /** The last line's posting where more follow. */
  readonly nextAfterId: string | null;
}

/** Where a line stands: postings of one database transaction share their time. */
interface Position {
  /** As PostgreSQL writes it: JavaScript would lose its microseconds. */
  readonly at: string;
  readonly firstEntryId: string;
}

/**
 * Part of a statement, from the ledger's entries of the seller's accounts and nothing else. Null where `afterId` is no
 * posting of theirs. Read on one snapshot, so that balances and lines belong together.
 */
export async function readStatement(
  db: Db,
  range: StatementRange,
  { limit, afterId }: { readonly limit: number; readonly afterId: string | null },
): Promise<StatementPage | null> {
  return db.transaction(
    async (tx) => {
      const after = afterId === null ? null : await findPosition(tx, range.sellerId, afterId);
      if (after === undefined) return null;
      const opening = range.from === null ? new Map() : await balancesBefore(tx, range.sellerId, range.from);
      const closing = await balancesBefore(tx, range.sellerId, range.to);
      const before = after === null ? opening : await balancesUpTo(tx, range.sellerId, after);
      const rows = await readRows(tx, range, after, limit + 1);
      const lines = withBalances(rows.slice(0, limit), before);
      const nextAfterId = rows.length > limit ? (lines.at(-1)?.transactionId ?? null) : null;
      return { opening, closing, lines, nextAfterId };
    },
    { isolationLevel: 'repeatable read', accessMode: 'read only' },
  );
}

/** More lines of a statement whose balances the caller has kept: each page costs its own lines alone. */
export async function readFurtherLines(
  db: Db,
  range: StatementRange,
  { limit, afterId, balances }: { limit: number; afterId: string; balances: Balances },
): Promise<Pick<StatementPage, 'lines' | 'nextAfterId'>> {
  const after = await findPosition(db, range.sellerId, afterId);
  if (after === undefined) throw new Error(`the ledger has lost the posting ${afterId}`);
  const rows = await readRows(db, range, after, limit + 1);
  const lines = withBalances(rows.slice(0, limit), balances);
  return { lines, nextAfterId: rows.length > limit ? (lines.at(-1)?.transactionId ?? null) : null };
}

function withBalances(rows: readonly Omit<StatementLine, 'balance'>[], before: Balances): StatementLine[] {
  const running = new Map(before);
  return rows.map((row) => {
    const balance = addParts(running.get(row.currency) ?? NOTHING, row.change);
    running.set(row.currency, balance);
    return { ...row, balance };
  });
}

const accountsOf = (sellerId: string): SQL =>
  sql`ARRAY[${sql.join(
    STATEMENT_PARTS.map((part) => sql`${accountOf(sellerId, part)}`),
    sql`, `,
  )}]::text[]`;

/** One column a part: the sum of its entries, with the sign that its balance has. */
const partSums = (sellerId: string): SQL =>
  sql.join(
    STATEMENT_PARTS.map(
      (part) =>
        sql`coalesce(sum(amount_minor) FILTER (WHERE account = ${accountOf(sellerId, part)}), 0) * ${sql.raw(String(signOf(part)))} AS ${sql.identifier(part)}`,
    ),
    sql`, `,
  );

type SumRow = Record<StatementPart, string>;

const partsOf = (row: SumRow): StatementParts => ({
  pending: Number(row.pending),
  available: Number(row.available),
  paying_out: Number(row.paying_out),
  owed: Number(row.owed),
  fees_owed: Number(row.fees_owed),
  connected: Number(row.connected),
});

async function readBalances(db: Db | Tx, sellerId: string, where: SQL): Promise<Balances> {
  const rows = await db.execute<SumRow & { currency: string }>(sql`
    SELECT currency, ${partSums(sellerId)} FROM ledger_entries
    WHERE account = ANY(${accountsOf(sellerId)}) AND ${where}
    GROUP BY currency ORDER BY currency`);
  return new Map(rows.map((row) => [row.currency, partsOf(row)]));
}

const balancesBefore = (tx: Tx, sellerId: string, at: Date) =>
  readBalances(tx, sellerId, sql`created_at < ${at.toISOString()}::timestamptz`);

/** With the posting at that position. */
const balancesUpTo = (tx: Tx, sellerId: string, { at, firstEntryId }: Position) =>
  readBalances(
    tx,
    sellerId,
    sql`created_at <= ${at}::timestamptz AND (created_at < ${at}::timestamptz OR transaction_id IN (
      SELECT transaction_id FROM ledger_entries
      WHERE account = ANY(${accountsOf(sellerId)}) AND created_at = ${at}::timestamptz
      GROUP BY transaction_id HAVING min(id) <= ${firstEntryId}::bigint))`,
  );

/** Undefined where the posting does not touch the seller. */
async function findPosition(
  db: Db | Tx,
  sellerId: string,
  transactionId: string,
): Promise<Position | undefined> {
  const [row] = await db.execute<{ at: string; first: string }>(sql`
    SELECT created_at::text AS at, min(id) AS first FROM ledger_entries
    WHERE transaction_id = ${transactionId} AND account = ANY(${accountsOf(sellerId)}) GROUP BY created_at`);
  return row && { at: row.at, firstEntryId: row.first };
}

interface LineRow extends SumRow, Record<string, unknown> {
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

/** The fee is in no account of the seller: it is read from what was agreed, and explains the line, not the balance. */
async function readRows(db: Db | Tx, range: StatementRange, after: Position | null, limit: number) {
  const { sellerId, from, to } = range;
  const since = after?.at ?? from?.toISOString() ?? '-infinity';
  const beyond =
    after === null
      ? sql``
      : sql`HAVING (created_at, min(id)) > (${after.at}::timestamptz, ${after.firstEntryId}::bigint)`;
  const rows = await db.execute<LineRow>(sql`
    WITH line AS (
      SELECT transaction_id, created_at, min(id) AS first, kind, currency, order_id, refund_id, transfer_id, payout_id,
             ${partSums(sellerId)}
      FROM ledger_entries
      WHERE account = ANY(${accountsOf(sellerId)})
        AND created_at >= ${since}::timestamptz AND created_at < ${to.toISOString()}::timestamptz
      GROUP BY transaction_id, created_at, kind, currency, order_id, refund_id, transfer_id, payout_id
      ${beyond}
      ORDER BY created_at, first
      LIMIT ${limit}
    )
    SELECT line.*, created_at::text AS at, coalesce(CASE kind
      WHEN 'order_completed' THEN (
        SELECT sum(platform_fee_minor) FROM order_items AS item
        WHERE item.order_id = line.order_id AND item.seller_id = ${sellerId})
      WHEN 'refund_succeeded' THEN (
        SELECT -sum(fee_minor) FROM refund_allocations AS allocation
        JOIN order_items AS item ON item.id = allocation.order_item_id
        WHERE allocation.refund_id = line.refund_id AND item.seller_id = ${sellerId})
      END, 0) AS fee
    FROM line ORDER BY created_at, first`);
  return rows.map((row) => ({
    transactionId: row.transaction_id,
    at: new Date(row.at),
    kind: row.kind,
    currency: row.currency,
    orderId: row.order_id,
    refundId: row.refund_id,
    transferId: row.transfer_id,
    payoutId: row.payout_id,
    feeMinor: Number(row.fee),
    change: partsOf(row),
  }));
}
