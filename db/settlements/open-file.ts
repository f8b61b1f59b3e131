import { and, eq } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import type { Claimable, SettlementProvider } from '../../domain/settlements/settlement-file.ts';
import type { Db } from '../client.ts';
import { settlementFiles } from './schema.ts';

export type SettlementFile = typeof settlementFiles.$inferSelect;

/** What the loader knows of a file before it reads the first row. */
export interface SettlementSource {
  readonly provider: SettlementProvider;
  readonly layout: string;
  /** SHA-256, in hex. */
  readonly fileHash: string;
  readonly fileName: string;
  readonly covers: readonly Claimable[];
}

/** The row of a settlement file: the existing one, even if the file has another name now, or a new one. */
export async function openSettlementFile(db: Db, file: SettlementSource): Promise<SettlementFile> {
  await db
    .insert(settlementFiles)
    .values({ id: uuidv7(), ...file })
    .onConflictDoNothing();
  const [settlementFile] = await db
    .select()
    .from(settlementFiles)
    .where(and(eq(settlementFiles.fileHash, file.fileHash), eq(settlementFiles.layout, file.layout)));
  if (settlementFile === undefined)
    throw new Error(`there is no settlement file of the hash ${file.fileHash}`);
  return settlementFile;
}
