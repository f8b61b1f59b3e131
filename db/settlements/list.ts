import { and, asc, count, eq, inArray, isNotNull, isNull } from 'drizzle-orm';
import type { ExceptionKind, SettlementState } from '../../domain/settlements/settlement-file.ts';
import type { Db, Tx } from '../client.ts';
import { settlementFiles, settlementExceptions } from './schema.ts';
import { keyset, type Page, type PageAsk, toPage } from '../kernel/index.ts';

export type ExceptionRow = typeof settlementExceptions.$inferSelect;

export interface SettlementCounts {
  /** Exceptions by kind, open or not. */
  readonly exceptions: Readonly<Partial<Record<ExceptionKind, number>>>;
  readonly open: number;
}
export type CountedSettlementFile = typeof settlementFiles.$inferSelect & SettlementCounts;

export const EXCEPTION_STATES = ['open', 'resolved'] as const;
export type ExceptionState = (typeof EXCEPTION_STATES)[number];

export async function listSettlementFiles(db: Db, ask: PageAsk): Promise<Page<CountedSettlementFile>> {
  const { after, orderBy, limit } = keyset(
    settlementFiles,
    settlementFiles.createdAt,
    settlementFiles.id,
    ask,
  );
  const rows = await db
    .select()
    .from(settlementFiles)
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

export async function readSettlementFile(db: Db, statementId: string): Promise<CountedSettlementFile | null> {
  const [row] = await db.select().from(settlementFiles).where(eq(settlementFiles.id, statementId));
  if (row === undefined) return null;
  const counts = await countExceptions(db, [statementId]);
  return { ...row, ...counts(statementId) };
}

export async function readSettlementState(db: Db, statementId: string): Promise<SettlementState> {
  const [row] = await db.select().from(settlementFiles).where(eq(settlementFiles.id, statementId));
  if (row === undefined) throw new Error(`there is no settlement file ${statementId}`);
  return {
    rows: row.rowsRead,
    matchedThrough: row.matchedThrough,
    covers: row.covers,
    isMissingKnown: row.missingKnownAt !== null,
    isEnded: row.endedAt !== null,
  };
}

/** The exceptions of one settlement file, in the order in which they were found, or in reverse. */
export async function listSettlementExceptions(
  db: Db,
  statementId: string,
  { kind, state }: { kind?: ExceptionKind | undefined; state?: ExceptionState | undefined },
  ask: PageAsk,
): Promise<Page<ExceptionRow>> {
  const { resolvedAt } = settlementExceptions;
  const { after, orderBy, limit } = keyset(
    settlementExceptions,
    settlementExceptions.position,
    settlementExceptions.id,
    ask,
  );
  const rows = await db
    .select()
    .from(settlementExceptions)
    .where(
      and(
        eq(settlementExceptions.statementId, statementId),
        kind === undefined ? undefined : eq(settlementExceptions.kind, kind),
        state === undefined ? undefined : state === 'open' ? isNull(resolvedAt) : isNotNull(resolvedAt),
        after,
      ),
    )
    .orderBy(...orderBy)
    .limit(limit);
  return toPage(rows, ask);
}

export async function readSettlementException(db: Db, exceptionId: string): Promise<ExceptionRow | null> {
  const [row] = await db.select().from(settlementExceptions).where(eq(settlementExceptions.id, exceptionId));
  return row ?? null;
}

export async function countOpenExceptions(db: Db | Tx, statementId: string): Promise<number> {
  const [row] = await db
    .select({ open: count() })
    .from(settlementExceptions)
    .where(and(eq(settlementExceptions.statementId, statementId), isNull(settlementExceptions.resolvedAt)));
  return row?.open ?? 0;
}

async function countExceptions(
  db: Db,
  statementIds: readonly string[],
): Promise<(statementId: string) => SettlementCounts> {
  const { statementId, kind, resolvedAt } = settlementExceptions;
  const rows =
    statementIds.length === 0
      ? []
      : await db
          .select({ statementId, kind, all: count(), resolved: count(resolvedAt) })
          .from(settlementExceptions)
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
