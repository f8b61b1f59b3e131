import { desc, eq } from 'drizzle-orm';
import { deletionWorkflowId, exportWorkflowId } from '../../domain/privacy/ids.ts';
import { listMailsOf, type Mail } from '../accounts/index.ts';
import type { Db } from '../client.ts';
import { type AccountDeletion, accountDeletions, type DataExport, dataExports } from './schema.ts';

/** A row, with the mails that tell of it. */
export interface ExportStory {
  readonly row: DataExport;
  readonly mails: readonly Mail[];
}

/** Null: there is no such export. */
export async function readExportStory(db: Db, exportId: string): Promise<ExportStory | null> {
  const [row] = await db.select().from(dataExports).where(eq(dataExports.id, exportId));
  if (row === undefined) return null;
  return { row, mails: about(exportWorkflowId(exportId), await listMailsOf(db, [exportId])) };
}

const EXPORTS_MAX = 20;

/** The last ones of a person, the newest first. */
export async function readExportsOf(db: Db, userId: string): Promise<readonly DataExport[]> {
  return db
    .select()
    .from(dataExports)
    .where(eq(dataExports.userId, userId))
    .orderBy(desc(dataExports.requestedAt), desc(dataExports.id))
    .limit(EXPORTS_MAX);
}

export interface DeletionStory {
  /** The newest first: those before it were undone. */
  readonly rows: readonly [AccountDeletion, ...AccountDeletion[]];
  readonly mails: readonly Mail[];
}

/** Null: that person never asked to leave. */
export async function readDeletionStory(db: Db, userId: string): Promise<DeletionStory | null> {
  const [newest, ...older] = await db
    .select()
    .from(accountDeletions)
    .where(eq(accountDeletions.userId, userId))
    .orderBy(desc(accountDeletions.requestedAt), desc(accountDeletions.id));
  if (newest === undefined) return null;
  const mails = about(deletionWorkflowId(userId), await listMailsOf(db, [userId]));
  return { rows: [newest, ...older], mails };
}

/** Others about the same person have other subjects. */
const about = (subject: string, mails: readonly Mail[]) =>
  mails.filter((mail) => mail.subject === subject || mail.subject.startsWith(`${subject}/`));
