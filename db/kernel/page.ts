import { type AnyColumn, asc, desc, type SQL, sql } from 'drizzle-orm';
import type { PgTable } from 'drizzle-orm/pg-core';

/** Which part of a list is wanted. `afterId` is the last row of the page before, null for the first page. */
export interface PageAsk {
  readonly limit: number;
  readonly afterId: string | null;
  readonly newestFirst: boolean;
}

export interface Page<Row> {
  readonly rows: Row[];
  /** The last row's id where more follow. */
  readonly nextAfterId: string | null;
}

/**
 * Keyset pagination on (time, id). The cursor's row is looked up by id, since a time sent to and fro would lose
 * precision: PostgreSQL counts microseconds, JavaScript milliseconds, and rows would be skipped.
 */
export function keyset(table: PgTable, at: AnyColumn, id: AnyColumn, ask: PageAsk) {
  const beyond = ask.newestFirst ? sql`<` : sql`>`;
  const after: SQL | undefined =
    ask.afterId === null
      ? undefined
      : sql`(${at}, ${id}) ${beyond} (SELECT ${at}, ${id} FROM ${table} WHERE ${id} = ${ask.afterId})`;
  const direction = ask.newestFirst ? desc : asc;
  return { after, orderBy: [direction(at), direction(id)] as const, limit: ask.limit + 1 };
}

/** Removes the extra row that was read beyond the page and shows that more follow. */
export function toPage<Row extends { readonly id: string }>(rows: Row[], { limit }: PageAsk): Page<Row> {
  const page = rows.slice(0, limit);
  return { rows: page, nextAfterId: rows.length > limit ? (page.at(-1)?.id ?? null) : null };
}
