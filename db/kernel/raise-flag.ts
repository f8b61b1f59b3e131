import { v7 as uuidv7 } from 'uuid';
import { maskEmails } from '../../domain/kernel/index.ts';
import type { FlagKind } from '../../domain/flags.ts';
import type { Db, Tx } from '../client.ts';
import { opsFlags } from './schema.ts';

/** Puts a flag on the operators' list; raising one that is still open changes nothing. Addresses in what it says are masked. */
export async function raiseFlag(db: Db | Tx, kind: FlagKind, subject: string, detail: string): Promise<void> {
  await db
    .insert(opsFlags)
    .values({ id: uuidv7(), kind, subject, detail: maskEmails(detail) })
    .onConflictDoNothing();
}
