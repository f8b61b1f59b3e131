import { sql } from 'drizzle-orm';
import {
  bigint,
  check,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core';
import {
  type Claimable,
  EXCEPTION_KINDS,
  ROW_KINDS,
  SETTLEMENT_PROVIDERS,
} from '../../domain/settlements/settlement-file.ts';
import { at, createdAt, id, oneOf } from '../kernel/columns.ts';

/** A provider's settlement file, read once: the same bytes in the same layout are the same row. */
export const settlementFiles = pgTable(
  'provider_statements',
  {
    id: id(),
    provider: text({ enum: SETTLEMENT_PROVIDERS }).notNull(),
    /** The name of the layout; for a mapping file, with its hash. */
    layout: text().notNull(),
    /** SHA-256 of the file, in hex. */
    fileHash: text().notNull(),
    fileName: text().notNull(),
    /** The kinds of our rows of which the file should name all. */
    covers: jsonb().$type<readonly Claimable[]>().notNull(),
    /** How many rows of the file are stored: after a kill the loader goes on behind them. */
    rowsRead: integer().notNull().default(0),
    /** The times of its first and last row. */
    periodFrom: at(),
    periodTo: at(),
    /** How many rows of each type do not concern our books. */
    ignored: jsonb().$type<Readonly<Record<string, number>>>().notNull().default({}),
    loadedAt: at(),
    /** Rows up to this one have been matched. */
    matchedThrough: integer().notNull().default(0),
    /** How many rows of each kind agree with ours. */
    matched: jsonb().$type<Readonly<Record<string, number>>>().notNull().default({}),
    /** When all of our rows that the file does not name had been found. */
    missingKnownAt: at(),
    endedAt: at(),
    createdAt: createdAt(),
  },
  (t) => [
    uniqueIndex('provider_statements_file_key').on(t.fileHash, t.layout),
    index('provider_statements_newest').on(t.createdAt, t.id),
    oneOf('provider_statements_provider_known', t.provider, SETTLEMENT_PROVIDERS),
    check('provider_statements_matched_within', sql`${t.matchedThrough} BETWEEN 0 AND ${t.rowsRead}`),
  ],
);

/** Rows that wait to be matched; matching deletes them. No foreign key: it would be checked a million times. */
export const settlementFileRows = pgTable(
  'statement_rows',
  {
    statementId: uuid().notNull(),
    /** The row's number in the file, from 1. */
    rowNumber: integer().notNull(),
    /** The line on which the row begins: a quoted field may take several. */
    line: integer().notNull(),
    kind: text({ enum: ROW_KINDS }).notNull(),
    ref: text().notNull(),
    altRef: text(),
    ourRef: text(),
    amountMinor: bigint({ mode: 'number' }).notNull(),
    currency: text().notNull(),
    at: at().notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.statementId, t.rowNumber] }),
    oneOf('statement_rows_kind_known', t.kind, ROW_KINDS),
  ],
);

/** The rows of ours that a settlement file's rows have named so far; deleted when the matching ends. */
export const settlementFileClaims = pgTable(
  'statement_claims',
  {
    statementId: uuid().notNull(),
    kind: text({ enum: ROW_KINDS }).notNull(),
    subjectId: uuid().notNull(),
    rowNumber: integer().notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.statementId, t.kind, t.subjectId] }),
    oneOf('statement_claims_kind_known', t.kind, ROW_KINDS),
  ],
);

/** What did not agree; a person has to look at it. Amounts in minor units. */
export const settlementExceptions = pgTable(
  'statement_exceptions',
  {
    id: id(),
    /** Orders lists by when exceptions were found. */
    position: bigint({ mode: 'number' }).notNull().generatedAlwaysAsIdentity(),
    statementId: uuid()
      .notNull()
      .references(() => settlementFiles.id),
    kind: text({ enum: EXCEPTION_KINDS }).notNull(),
    rowKind: text({ enum: ROW_KINDS }),
    /** The workflow id of our row, or its invoice's name; NULL where there is none. */
    subject: text(),
    line: integer(),
    /** Of a bad row. */
    column: text(),
    ref: text(),
    theirsMinor: bigint({ mode: 'number' }),
    theirsCurrency: text(),
    oursMinor: bigint({ mode: 'number' }),
    oursCurrency: text(),
    /** When the money moved: by the file's row, or by our books where no row names it. */
    movedAt: at(),
    detail: text().notNull(),
    createdAt: createdAt(),
    resolvedAt: at(),
    /** The actor, as in the audit log. */
    resolvedBy: text(),
    resolution: text(),
  },
  (t) => [
    uniqueIndex('statement_exceptions_position_key').on(t.position),
    index('statement_exceptions_by_statement').on(t.statementId, t.position),
    index('statement_exceptions_by_kind').on(t.statementId, t.kind, t.position),
    index('statement_exceptions_by_subject').on(t.subject),
    index('statement_exceptions_open')
      .on(t.statementId, t.position)
      .where(sql`${t.resolvedAt} IS NULL`),
    uniqueIndex('statement_exceptions_missed_once')
      // Several payments of one invoice are told apart by what the provider calls them.
      .on(t.statementId, t.subject, sql`coalesce(${t.ref}, '')`)
      .where(sql`${t.kind} = 'missing_there'`),
    oneOf('statement_exceptions_kind_known', t.kind, EXCEPTION_KINDS),
    oneOf('statement_exceptions_row_kind_known', t.rowKind, ROW_KINDS),
    check(
      'statement_exceptions_resolved_whole',
      sql`(${t.resolvedAt} IS NULL) = (${t.resolvedBy} IS NULL) AND (${t.resolvedAt} IS NULL) = (${t.resolution} IS NULL)`,
    ),
  ],
);
