import type { DatabaseWithSql } from '../../sandbox/database.ts';

/** A copy of an order that went through the API, and of all that came of it. */
export interface OrderClone {
  readonly orderId: string;
  readonly transferId: string;
  readonly accountId: string;
  readonly amountMinor: number;
  readonly sentMinor: number;
  /** The order that it is a copy of. */
  readonly soldId: string;
}
export type OrderClones = readonly OrderClone[];

/** What is copied, which of its columns are ids that change with the copy, and which rows are of the sold orders. */
const TABLES = [
  { table: 'orders', ids: ['id'], texts: ['payment_id'], of: 'id = ANY($1)' },
  { table: 'order_items', ids: ['id', 'order_id'], texts: [], of: 'order_id = ANY($1)' },
  {
    table: 'licenses',
    ids: ['id', 'order_item_id'],
    texts: [],
    of: 'order_item_id IN (SELECT id FROM order_items WHERE order_id = ANY($1))',
  },
  {
    table: 'seller_transfers',
    ids: ['id', 'order_id'],
    texts: ['stripe_transfer_id', 'idempotency_key'],
    of: 'order_id = ANY($1)',
  },
  {
    table: 'ledger_entries',
    ids: ['transaction_id', 'of_id', 'root_id'],
    texts: [],
    of: "root_kind = 'order' AND root_id = ANY($1)",
  },
] as const;

/** The id of a copy: made of the id of the original, and a UUID of version 4 by its form. */
const copyOf = (id: string) =>
  `overlay(overlay(md5(${id} || ':' || n) placing '4' from 13) placing '8' from 17)::uuid`;

/**
 * Copies sold orders so many times, ledger and balances included: through the API a thousand of them would take longer
 * than what is measured. The numbers of the copies begin at `from`.
 */
export async function cloneOrders(
  { sql }: DatabaseWithSql,
  soldIds: readonly string[],
  from: number,
  each: number,
): Promise<OrderClones> {
  const params = [soldIds, from, from + each - 1];
  await sql.begin(async (tx) => {
    for (const { table, ids, texts, of } of TABLES) {
      const columns = await tx<{ name: string }[]>`
        SELECT column_name AS name FROM information_schema.columns
        WHERE table_schema = 'public' AND table_name = ${table} AND is_identity = 'NO' ORDER BY ordinal_position`;
      const changed = new Map<string, string>([
        ...ids.map((id) => [id, copyOf(`t.${id}`)] as const),
        ...texts.map(
          (text) =>
            [text, text === 'payment_id' ? `${copyOf('t.id')}::text` : `t.${text} || ':' || n`] as const,
        ),
      ]);
      const values = columns.map(({ name }) => changed.get(name) ?? `t.${name}`);
      await tx.unsafe(
        `INSERT INTO ${table} (${columns.map(({ name }) => name).join(', ')}) SELECT ${values.join(', ')}
         FROM ${table} t, generate_series($2::int, $3::int) AS n WHERE ${of.replaceAll('$1', '$1::uuid[]')}`,
        params,
      );
    }
    // Each seller has sold one order, so a balance is what one copy adds to it.
    await tx.unsafe(
      `UPDATE seller_balances b SET available_minor = b.available_minor + a.amount_minor * ($3::int - $2::int + 1)
       FROM (SELECT seller_id, currency, sum(amount_minor)::bigint AS amount_minor FROM seller_transfers
             WHERE order_id = ANY($1::uuid[]) GROUP BY seller_id, currency) a
       WHERE b.seller_id = a.seller_id AND b.currency = a.currency`,
      params,
    );
  });
  return readClones(sql, params);
}

async function readClones(sql: DatabaseWithSql['sql'], params: readonly unknown[]): Promise<OrderClones> {
  return sql.unsafe<OrderClone[]>(
    `SELECT ${copyOf('o.id')} AS "orderId", ${copyOf('t.id')} AS "transferId",
       t.stripe_account_id AS "accountId", o.total_minor::int AS "amountMinor", t.amount_minor::int AS "sentMinor", o.id AS "soldId"
     FROM orders o JOIN seller_transfers t ON t.order_id = o.id, generate_series($2::int, $3::int) AS n
     WHERE o.id = ANY($1::uuid[]) ORDER BY n, o.id`,
    params as never,
  );
}
