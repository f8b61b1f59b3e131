import { eq, sql } from 'drizzle-orm';
import type { Db, Tx } from '../client.ts';
import { platformSettings } from './schema.ts';

/**
 * - `temporal_namespace_id`: the namespace that the open rows' workflows are in
 * - `last_sweep_at`: when a sweep of all phases last ended, ISO 8601
 * - `disputes_listed_at`: when a sweep last read the PSP's list of disputes, ISO 8601
 * - `stripe_mode`: of the workers' key, `live` or `test`, against which processes without a key hold events
 */
export type PlatformSetting =
  | 'temporal_namespace_id'
  | 'last_sweep_at'
  | 'disputes_listed_at'
  | 'stripe_mode';

export async function readPlatformSetting(db: Db | Tx, key: PlatformSetting): Promise<string | null> {
  const [row] = await db.select().from(platformSettings).where(eq(platformSettings.key, key));
  return row?.valueText ?? null;
}

export async function writePlatformSetting(
  db: Db | Tx,
  key: PlatformSetting,
  valueText: string,
): Promise<void> {
  await db
    .insert(platformSettings)
    .values({ key, valueText })
    .onConflictDoUpdate({ target: platformSettings.key, set: { valueText, updatedAt: sql`now()` } });
}

/** Writes it where nothing is written yet; what stands now is returned. */
export async function keepPlatformSetting(
  db: Db,
  key: PlatformSetting,
  valueText: string,
): Promise<string | null> {
  await db.insert(platformSettings).values({ key, valueText }).onConflictDoNothing();
  return readPlatformSetting(db, key);
}
