import { and, asc, count, eq, inArray, isNotNull, isNull } from 'drizzle-orm';
import type { ExceptionKind, StatementState } from '../../domain/settlements/provider-statement.ts';
import type { Db, Tx } from '../client.ts';
import { providerStatements, statementExceptions } from './schema.ts';
import { keyset, type Page, type PageAsk, toPage } from '../kernel/index.ts';

export type ExceptionRow = typeof statementExceptions.$inferSelect;

export interface StatementCounts {
  /** Exceptions by kind, open or not. */
  readonly exceptions: Readonly<Partial<Record<ExceptionKind, number>>>;
  readonly open: number;
}
export type StatementRow = typeof providerStatements.$inferSelect & StatementCounts;

export const EXCEPTION_STATES = ['open', 'resolved'] as const;
export type ExceptionState = (typeof EXCEPTION_STATES)[number];

export async function listStatements(db: Db, ask: PageAsk): Promise<Page<StatementRow>> {
  const { after, orderBy, limit } = keyset(
    providerStatements,
    providerStatements.createdAt,
    providerStatements.id,
    ask,
  );
  const rows = await db
    .select()
    .from(providerStatements)
    .where(after)
    .orderBy(...orderBy)
    .limit(limit);
  const page = toPage(rows, ask);
  const counts = await countExceptions(
    db,
    page.rows.map(({ id }) => id),
  );
  return { ...page, rows: page.rows.map((row) => ({ ...row, ...counts(row.id) })) };
}

export async function readStatement(db: Db, statementId: string): Promise<StatementRow | null> {
  const [row] = await db.select().from(providerStatements).where(eq(providerStatements.id, statementId));
  if (row === undefined) return null;
  const counts = await countExceptions(db, [statementId]);
  return { ...row, ...counts(statementId) };
}

export async function readStatementState(db: Db, statementId: string): Promise<StatementState> {
  const [row] = await db.select().from(providerStatements).where(eq(providerStatements.id, statementId));
  if (row === undefined) throw new Error(`there is no statement ${statementId}`);
  return {
    rows: row.rowsRead,
    matchedThrough: row.matchedThrough,
    covers: row.covers,
    isMissingKnown: row.missingKnownAt !== null,
    isEnded: row.endedAt !== null,
  };
}

/** The exceptions of one statement, in the order in which they were found, or in reverse. */
export async function listStatementExceptions(
  db: Db,
  statementId: string,
  { kind, state }: { kind?: ExceptionKind | undefined; state?: ExceptionState | undefined },
  ask: PageAsk,
): Promise<Page<ExceptionRow>> {
  const { resolvedAt } = statementExceptions;
  const { after, orderBy, limit } = keyset(
    statementExceptions,
    statementExceptions.position,
    statementExceptions.id,
    ask,
  );
  const rows = await db
    .select()
    .from(statementExceptions)
    .where(
      and(
        eq(statementExceptions.statementId, statementId),
        kind === undefined ? undefined : eq(statementExceptions.kind, kind),
        state === undefined ? undefined : state === 'open' ? isNull(resolvedAt) : isNotNull(resolvedAt),
        after,
      ),
    )
    .orderBy(...orderBy)
    .limit(limit);
  return toPage(rows, ask);
}

export async function readStatementException(db: Db, exceptionId: string): Promise<ExceptionRow | null> {
  const [row] = await db.select().from(statementExceptions).where(eq(statementExceptions.id, exceptionId));
  return row ?? null;
}

export async function countOpenExceptions(db: Db | Tx, statementId: string): Promise<number> {
  const [row] = await db
    .select({ open: count() })
    .from(statementExceptions)
    .where(and(eq(statementExceptions.statementId, statementId), isNull(statementExceptions.resolvedAt)));
  return row?.open ?? 0;
}

async function countExceptions(
  db: Db,
  statementIds: readonly string[],
): Promise<(statementId: string) => StatementCounts> {
  const { statementId, kind, resolvedAt } = statementExceptions;
  const rows =
    statementIds.length === 0
      ? []
      : await db
          .select({ statementId, kind, all: count(), resolved: count(resolvedAt) })
          .from(statementExceptions)
          .where(inArray(statementId, [...statementIds]))
          .groupBy(statementId, kind)
          .orderBy(asc(kind));
  return (id) => {
    const own = rows.filter((row) => row.statementId === id);
    return {
      exceptions: Object.fromEntries(own.map((row) => [row.kind, row.all])),
      open: own.reduce((sum, row) => sum + row.all - row.resolved, 0),
    };
  };
}
