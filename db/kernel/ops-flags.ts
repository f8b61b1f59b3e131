import { and, eq, isNull } from 'drizzle-orm';
import type { Db, Tx } from '../client.ts';
import { opsFlags } from './schema.ts';
import type { FlagKind } from '../../domain/flags.ts';
import { keyset, type Page, type PageAsk, toPage } from './page.ts';

export type OpsFlagRow = typeof opsFlags.$inferSelect;

export async function readFlag(db: Db, flagId: string): Promise<OpsFlagRow | null> {
  const [row] = await db.select().from(opsFlags).where(eq(opsFlags.id, flagId));
  return row ?? null;
}

/** Whether the same flag was raised before, cleared or not. */
export async function wasFlagged(
  db: Db | Tx,
  kind: FlagKind,
  subject: string,
  detail: string,
): Promise<boolean> {
  const [row] = await db
    .select({ id: opsFlags.id })
    .from(opsFlags)
    .where(and(eq(opsFlags.kind, kind), eq(opsFlags.subject, subject), eq(opsFlags.detail, detail)))
    .limit(1);
  return row !== undefined;
}

/** The flags that nobody has dealt with yet. */
export async function listOpenFlags(db: Db, ask: PageAsk): Promise<Page<OpsFlagRow>> {
  const { after, orderBy, limit } = keyset(opsFlags, opsFlags.raisedAt, opsFlags.id, ask);
  const rows = await db
    .select()
    .from(opsFlags)
    .where(and(isNull(opsFlags.clearedAt), after))
    .orderBy(...orderBy)
    .limit(limit);
  return toPage(rows, ask);
}
