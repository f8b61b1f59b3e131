import { and, eq, isNull } from 'drizzle-orm';
import type { Tx } from '../client.ts';
import { opsFlags } from './schema.ts';
import type { FlagKind } from '../../domain/flags.ts';

/** Clears flags whose matter is solved, in the transaction that solves it. */
export async function clearFlags(tx: Tx, kind: FlagKind, subject: string): Promise<void> {
  await tx
    .update(opsFlags)
    .set({ clearedAt: new Date() })
    .where(and(eq(opsFlags.kind, kind), eq(opsFlags.subject, subject), isNull(opsFlags.clearedAt)));
}
