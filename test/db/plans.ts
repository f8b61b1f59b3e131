import { type SQL, sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/postgres-js';
import type { Db } from '../../db/client.ts';
import type { DatabaseWithSql } from '../../sandbox/database.ts';
import * as schema from '../../db/schema.ts';

export interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Index Name'?: string;
  readonly 'CTE Name'?: string;
  readonly 'Parent Relationship'?: string;
  /** A loop. These three are there once the query was carried out. */
  readonly 'Actual Rows': number;
  readonly 'Actual Loops': number;
  readonly 'Rows Removed by Filter'?: number;
  readonly Plans?: readonly PlanNode[];
}
type Explained = { 'QUERY PLAN': readonly { Plan: PlanNode }[] };

const nodesOf = (node: PlanNode): PlanNode[] => [node, ...(node.Plans ?? []).flatMap(nodesOf)];
const nodesIn = ([row]: readonly Explained[]) => nodesOf(row!['QUERY PLAN'][0]!.Plan);

/** How PostgreSQL carries the query out, node by node. */
export async function planOf({ db }: DatabaseWithSql, query: SQL): Promise<PlanNode[]> {
  return nodesIn(await db.execute<Explained>(sql`EXPLAIN (ANALYZE, FORMAT JSON) ${query}`));
}

/** How PostgreSQL would carry the query out. */
export async function planAhead({ db }: DatabaseWithSql, query: SQL): Promise<PlanNode[]> {
  return nodesIn(await db.execute<Explained>(sql`EXPLAIN (FORMAT JSON) ${query}`));
}

/** What a reading brought, and how PostgreSQL carries out all that it sent: nobody has to say what that is. */
export async function plansOf<Result>(
  database: DatabaseWithSql,
  read: (db: Db) => Promise<Result>,
): Promise<{ readonly result: Result; readonly nodes: readonly PlanNode[] }> {
  const sent: { text: string; values: unknown[] }[] = [];
  const logger = { logQuery: (text: string, values: unknown[]) => void sent.push({ text, values }) };
  const result = await read(drizzle(database.sql, { schema, casing: 'snake_case', logger }));
  const nodes: PlanNode[] = [];
  for (const { text, values } of sent) {
    // Of its transaction; it has no plan.
    if (/^set /i.test(text)) continue;
    const rows = await database.sql.unsafe(`EXPLAIN (ANALYZE, FORMAT JSON) ${text}`, values as never[]);
    nodes.push(...nodesIn(rows as unknown as Explained[]));
  }
  return { result, nodes };
}

/** Tables that are read from their beginning to their end. */
export const walkedIn = (nodes: readonly PlanNode[]) =>
  nodes.filter((node) => node['Node Type'] === 'Seq Scan').map((node) => node['Relation Name'] ?? '');

/** The most rows that one node took into its hands: also those that it looked at and laid aside. */
export const mostReadIn = (nodes: readonly PlanNode[]) =>
  Math.max(
    ...nodes.map(
      (node) => node['Actual Loops'] * (node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0)),
    ),
  );
