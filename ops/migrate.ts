import { readVariables } from '../config.ts';
import { openDatabase } from '../db/client.ts';
import { migrateDatabase } from '../db/migrate.ts';
import { countTransfersWithoutId } from '../db/marketplace/index.ts';
import { fail } from './fail.ts';

/** `npm run db:migrate`: brings DATABASE_URL to what this version needs. */
async function main(): Promise<void> {
  const { DATABASE_URL } = readVariables(process.env, ['DATABASE_URL']);
  const applied = await migrateDatabase(DATABASE_URL);
  for (const tag of applied) console.log(`applied ${tag}`);
  if (applied.length === 0) console.log('nothing to apply: the database is up to date');
  await sayWhatToBackfill(DATABASE_URL);
}

/** Rows of an older system: nothing is wrong with them, but their refunds could not be taken back at Stripe. */
async function sayWhatToBackfill(url: string): Promise<void> {
  const database = openDatabase(url, { maxConnections: 1 });
  try {
    const count = await countTransfersWithoutId(database.db);
    if (count === 0) return;
    console.log(
      `completed transfers without a Stripe id: ${count} (npm run ops -- backfill-transfer-ids --dry-run)`,
    );
  } finally {
    await database.close();
  }
}

main().catch(fail);
