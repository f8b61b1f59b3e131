import { and, desc, eq, like, lt } from 'drizzle-orm';
import type { Db } from '../client.ts';
import { auditLog } from './schema.ts';

export type AuditLogRow = typeof auditLog.$inferSelect;

export interface AuditLogFilter {
  readonly actor?: string | undefined;
  /** The whole action, `reversal.retry`, or its beginning: `reversal`. */
  readonly action?: string | undefined;
  readonly subject?: string | undefined;
}

/** Recorded actions, the newest first; `beforeId` is the last row of the page before. */
export async function listAuditLog(
  db: Db,
  { actor, action, subject }: AuditLogFilter,
  { beforeId, limit }: { readonly beforeId: number | null; readonly limit: number },
): Promise<{ readonly rows: AuditLogRow[]; readonly nextBeforeId: number | null }> {
  const found = await db
    .select()
    .from(auditLog)
    .where(
      and(
        actor === undefined ? undefined : eq(auditLog.actor, actor),
        action === undefined ? undefined : like(auditLog.action, `${escapeLike(action)}%`),
        subject === undefined ? undefined : eq(auditLog.subject, subject),
        beforeId === null ? undefined : lt(auditLog.id, beforeId),
      ),
    )
    .orderBy(desc(auditLog.id))
    .limit(limit + 1);
  const rows = found.slice(0, limit);
  return { rows, nextBeforeId: found.length > limit ? (rows.at(-1)?.id ?? null) : null };
}

const escapeLike = (text: string) => text.replaceAll(/[\\%_]/g, (sign) => `\\${sign}`);
