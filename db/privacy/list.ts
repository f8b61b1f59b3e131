import { and, type AnyColumn, type SQL, sql } from 'drizzle-orm';
import type { DeletionStatus } from '../../domain/privacy/deletion-machine.ts';
import type { ExportStatus } from '../../domain/privacy/export-machine.ts';
import type { Db } from '../client.ts';
import { keyset, type Page, type PageAsk, toPage } from '../kernel/index.ts';
import { type AccountDeletion, accountDeletions, type DataExport, dataExports } from './schema.ts';

/** Written out: of a parameter PostgreSQL does not know that a partial index holds its rows. */
const among = (status: AnyColumn, known: readonly (DeletionStatus | ExportStatus)[]): SQL =>
  sql`${status} IN (${sql.raw(known.map((one) => `'${one}'`).join(', '))})`;

/** By which time a list is in order: when it came about, or by their last day where they are still leaving. */
function timeOf(statuses: readonly DeletionStatus[] | undefined) {
  if (statuses === undefined) return accountDeletions.requestedAt;
  if (statuses.every((one) => one === 'erased')) return accountDeletions.erasedAt;
  if (statuses.every((one) => one === 'undone')) return accountDeletions.undoneAt;
  return accountDeletions.finalAt;
}

/**
 * People who leave or have left. Those who are erased, or stayed after all, come in the order in which that came about: whoever
 * reads the newest until one that is known misses none. Those who are leaving come by their last day; all together by when they
 * asked.
 */
export async function listDeletions(
  db: Db,
  { statuses }: { readonly statuses?: readonly DeletionStatus[] | undefined },
  ask: PageAsk,
): Promise<Page<AccountDeletion>> {
  const { status, id } = accountDeletions;
  const { after, orderBy, limit } = keyset(accountDeletions, timeOf(statuses), id, ask);
  const rows = await db
    .select()
    .from(accountDeletions)
    .where(and(statuses && among(status, statuses), after))
    .orderBy(...orderBy)
    .limit(limit);
  return toPage(rows, ask);
}

/** Copies of what is held on people, in the order in which they were asked for. */
export async function listExports(
  db: Db,
  { statuses }: { readonly statuses?: readonly ExportStatus[] | undefined },
  ask: PageAsk,
): Promise<Page<DataExport>> {
  const { after, orderBy, limit } = keyset(dataExports, dataExports.requestedAt, dataExports.id, ask);
  const rows = await db
    .select()
    .from(dataExports)
    .where(and(statuses && among(dataExports.status, statuses), after))
    .orderBy(...orderBy)
    .limit(limit);
  return toPage(rows, ask);
}
