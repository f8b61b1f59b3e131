import { readVariables } from '../config.ts';
import { migrateDatabase } from '../db/migrate.ts';
import { fail } from './fail.ts';

/** `npm run db:migrate`: brings DATABASE_URL to what this version needs. */
async function main(): Promise<void> {
  const { DATABASE_URL } = readVariables(process.env, ['DATABASE_URL']);
  const applied = await migrateDatabase(DATABASE_URL);
  for (const tag of applied) console.log(`applied ${tag}`);
  if (applied.length === 0) console.log('nothing to apply: the database is up to date');
}

main().catch(fail);
