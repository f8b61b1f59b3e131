import { type SQL, sql } from 'drizzle-orm';
import type { Db } from '../../client.ts';
import type { ExportedRow, ExportPart } from '../../kernel/index.ts';
import { dataExports } from '../schema.ts';

const PAGE_ROWS = 500;
/** A page ends with the row that goes beyond this. */
const PAGE_BYTES = 1024 * 1024;

/** Behind which row a part goes on, as PostgreSQL writes the columns of its order. */
export type ExportCursor = readonly string[];

export interface ExportPage {
  readonly rows: readonly ExportedRow[];
  /** Those that cannot be read, by the columns of the part's order. */
  readonly unreadable: readonly string[];
  /** Null: nothing is left. */
  readonly next: ExportCursor | null;
}

interface PageAsk {
  readonly exportId: string;
  readonly userId: string;
  readonly after: ExportCursor | null;
}

type Found = { readonly key: string[]; readonly doc: ExportedRow };

/** A page of a part, of what was there when the copy was asked for. All times are UTC. */
export async function readExportPage(db: Db, part: ExportPart, ask: PageAsk): Promise<ExportPage> {
  const found = await db.transaction(async (tx) => {
    await tx.execute(sql`SET LOCAL timezone = 'UTC'`);
    const rows = await tx.execute<{ found: Found }>(pageOf(part, ask));
    return rows.map((row) => row.found);
  });
  const rows: ExportedRow[] = [];
  const unreadable: string[] = [];
  for (const { key, doc } of found) {
    const row = part.open === undefined ? doc : await part.open(db, ask.userId, doc).catch(() => null);
    if (row === null) unreadable.push(key.join(' '));
    else rows.push(row);
  }
  return { rows, unreadable, next: found.at(-1)?.key ?? null };
}

function pageOf({ columns, from, since, order }: ExportPart, { exportId, userId, after }: PageAsk): SQL {
  const keys = sql.join(
    order.map(([column]) => column),
    sql`, `,
  );
  const named = sql.join(
    order.map(([column], at) => sql`${column} AS ${sql.identifier(`key${at}`)}`),
    sql`, `,
  );
  const inOrder = sql.join(
    order.map((_, at) => sql.identifier(`key${at}`)),
    sql`, `,
  );
  const asText = sql.join(
    order.map((_, at) => sql`${sql.identifier(`key${at}`)}::text`),
    sql`, `,
  );
  const cells = sql.join(
    Object.entries(columns).flatMap(([name, value]) => [sql.raw(`'${name}'`), value]),
    sql`, `,
  );
  const behind =
    after === null
      ? sql``
      : sql` AND (${keys}) > (${sql.join(
          order.map(([, type], at) => sql`${after[at]}::${sql.raw(type)}`),
          sql`, `,
        )})`;
  return sql`
    SELECT json_build_object('key', json_build_array(${asText}), 'doc', doc) AS found FROM (
      SELECT *, sum(octet_length(doc::text)) OVER (ORDER BY ${inOrder} ROWS UNBOUNDED PRECEDING) - octet_length(doc::text) AS bytes_before
      FROM (
        SELECT ${named}, json_build_object(${cells}) AS doc
        ${from(sql`${userId}::uuid`)}
          AND ${since} <= (SELECT ${dataExports.requestedAt} FROM ${dataExports} WHERE ${dataExports.id} = ${exportId})${behind}
        ORDER BY ${keys} LIMIT ${PAGE_ROWS}
      ) AS page
    ) AS measured WHERE bytes_before < ${PAGE_BYTES} ORDER BY ${inOrder}`;
}
