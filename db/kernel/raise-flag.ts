import { v7 as uuidv7 } from 'uuid';
import type { FlagKind } from '../../domain/flags.ts';
import type { Db, Tx } from '../client.ts';
import { opsFlags } from './schema.ts';

/** Puts a flag on the operators' list; raising one that is still open changes nothing. */
export async function raiseFlag(db: Db | Tx, kind: FlagKind, subject: string, detail: string): Promise<void> {
  await db.insert(opsFlags).values({ id: uuidv7(), kind, subject, detail }).onConflictDoNothing();
}
