import { and, eq } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import type { Claimable, StatementProvider } from '../../domain/settlements/provider-statement.ts';
import type { Db } from '../client.ts';
import { providerStatements } from './schema.ts';

export type Statement = typeof providerStatements.$inferSelect;

/** What the loader knows of a file before it reads the first row. */
export interface StatementFile {
  readonly provider: StatementProvider;
  readonly layout: string;
  /** SHA-256, in hex. */
  readonly fileHash: string;
  readonly fileName: string;
  readonly covers: readonly Claimable[];
}

/** The statement of a file: the existing one, even if the file has another name now, or a new one. */
export async function openStatement(db: Db, file: StatementFile): Promise<Statement> {
  await db
    .insert(providerStatements)
    .values({ id: uuidv7(), ...file })
    .onConflictDoNothing();
  const [statement] = await db
    .select()
    .from(providerStatements)
    .where(and(eq(providerStatements.fileHash, file.fileHash), eq(providerStatements.layout, file.layout)));
  if (statement === undefined) throw new Error(`there is no statement of the file ${file.fileHash}`);
  return statement;
}
