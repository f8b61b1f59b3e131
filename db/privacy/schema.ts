import { sql } from 'drizzle-orm';
import {
  bigint,
  boolean,
  check,
  index,
  integer,
  jsonb,
  pgTable,
  text,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core';
import { DELETION_STATUSES } from '../../domain/privacy/deletion-machine.ts';
import { EXPORT_STATUSES } from '../../domain/privacy/export-machine.ts';
import { DELETION_WAITS } from '../../domain/privacy/waits.ts';
import { users } from '../accounts/schema.ts';
import { at, id, oneOf } from '../kernel/columns.ts';

/** Copies of what is held on a person, as they asked for them. The row stays without its file. */
export const dataExports = pgTable(
  'data_exports',
  {
    id: id(),
    userId: uuid()
      .notNull()
      .references(() => users.id),
    status: text({ enum: EXPORT_STATUSES }).notNull().default('queued'),
    /** Where the file is in the store; null before it is ready, and once it is gone. */
    fileKey: text(),
    sizeBytes: bigint({ mode: 'number' }),
    sha256: text(),
    /** What is in it: name, rows and SHA-256 of each part. */
    parts: jsonb().$type<readonly ExportedPart[]>(),
    downloads: integer().notNull().default(0),
    errorCode: text(),
    /** The attempt under way, or the last one. Each has a file of its own. */
    attempt: integer().notNull().default(0),
    nextAttemptAt: at(),
    requestedAt: at().notNull().defaultNow(),
    readyAt: at(),
    expiresAt: at(),
  },
  (t) => [
    uniqueIndex('data_exports_one_open')
      .on(t.userId)
      .where(sql`${t.status} IN ('queued', 'building')`),
    index('data_exports_by_user').on(t.userId, t.requestedAt, t.id),
    index('data_exports_newest').on(t.requestedAt, t.id),
    index('data_exports_open')
      .on(t.requestedAt, t.id)
      .where(sql`${t.status} IN ('queued', 'building')`),
    index('data_exports_to_expire')
      .on(t.expiresAt, t.id)
      .where(sql`${t.status} = 'ready'`),
    index('data_exports_failed')
      .on(t.requestedAt, t.id)
      .where(sql`${t.status} = 'failed'`),
    oneOf('data_exports_status_known', t.status, EXPORT_STATUSES),
    check(
      'data_exports_ready_whole',
      sql`${t.status} <> 'ready' OR (${t.fileKey} IS NOT NULL AND ${t.sizeBytes} IS NOT NULL AND ${t.sha256} IS NOT NULL AND ${t.expiresAt} IS NOT NULL)`,
    ),
  ],
);

/** One part of an export. `missing`: how many of its rows or files could not be read; the manifest names them. */
export interface ExportedPart {
  readonly name: string;
  readonly rows: number;
  readonly sha256: string;
  readonly missing: number;
}

/** A way to a file for 60 s and once, for a browser that sends no bearer token with a download. */
export const exportTickets = pgTable(
  'export_tickets',
  {
    /** SHA-256 of the ticket, in hex. */
    tokenHash: text().primaryKey(),
    exportId: uuid()
      .notNull()
      .references(() => dataExports.id),
    /** Null: the one who asked has an identity provider's token. No foreign key: a session may be removed before. */
    sessionId: uuid(),
    expiresAt: at().notNull(),
  },
  (t) => [
    index('export_tickets_by_export').on(t.exportId),
    index('export_tickets_over').on(t.expiresAt, t.tokenHash),
  ],
);

/** People who leave. */
export const accountDeletions = pgTable(
  'account_deletions',
  {
    id: id(),
    userId: uuid()
      .notNull()
      .references(() => users.id),
    status: text({ enum: DELETION_STATUSES }).notNull().default('scheduled'),
    keepPublicTracks: boolean().notNull(),
    /** The person, an admin, or `system` where an older system closed the account. */
    requestedBy: text().notNull(),
    requestedAt: at().notNull().defaultNow(),
    /** Not before then. */
    finalAt: at().notNull(),
    waitsFor: text({ enum: DELETION_WAITS })
      .array()
      .notNull()
      .default(sql`'{}'`),
    /** Since when money holds it up. */
    waitingSince: at(),
    /** When an operator held it. The audit log has the reason. */
    heldAt: at(),
    /** What the closing hid, by part: undo brings it back. Ids alone. */
    hidden: jsonb().$type<Readonly<Record<string, unknown>>>().notNull().default({}),
    /** When the reminder was written. */
    remindedAt: at(),
    /** When what was left of the balance was sent out. */
    paidOutAt: at(),
    undoneAt: at(),
    erasingAt: at(),
    erasedAt: at(),
    /** Each step of the erasing: when it began, when it was done, and a code of what it could not do. */
    steps: jsonb().$type<Readonly<Record<string, DoneStep>>>().notNull().default({}),
    /** Rows by table. */
    report: jsonb().$type<Readonly<Record<string, number>>>(),
  },
  (t) => [
    uniqueIndex('account_deletions_one_open')
      .on(t.userId)
      .where(sql`${t.status} IN ('scheduled', 'waiting', 'erasing')`),
    index('account_deletions_by_user').on(t.userId, t.requestedAt, t.id),
    index('account_deletions_newest').on(t.requestedAt, t.id),
    index('account_deletions_open')
      .on(t.finalAt, t.id)
      .where(sql`${t.status} IN ('scheduled', 'waiting', 'erasing')`),
    index('account_deletions_erased')
      .on(t.erasedAt, t.id)
      .where(sql`${t.status} = 'erased'`),
    index('account_deletions_undone')
      .on(t.undoneAt, t.id)
      .where(sql`${t.status} = 'undone'`),
    oneOf('account_deletions_status_known', t.status, DELETION_STATUSES),
    check(
      'account_deletions_waits_known',
      sql`${t.waitsFor} <@ ARRAY[${sql.raw(DELETION_WAITS.map((wait) => `'${wait}'`).join(', '))}]`,
    ),
  ],
);

/** Times are ISO 8601. */
export interface DoneStep {
  readonly begunAt: string;
  readonly doneAt: string | null;
  /** A code. */
  readonly note: string | null;
}

export type DataExport = typeof dataExports.$inferSelect;
export type AccountDeletion = typeof accountDeletions.$inferSelect;
