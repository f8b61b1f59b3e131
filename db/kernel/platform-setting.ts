import { eq, sql } from 'drizzle-orm';
import type { Db, Tx } from '../client.ts';
import { type PLATFORM_SETTINGS, platformSettings } from './schema.ts';

/** The settings whose value is text. */
export type PlatformSetting = Exclude<(typeof PLATFORM_SETTINGS)[number], 'maintenance_mode'>;

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

/** Writes the setting where there is none yet, and returns the one that stands. */
export async function keepPlatformSetting(
  db: Db,
  key: PlatformSetting,
  valueText: string,
): Promise<string | null> {
  await db.insert(platformSettings).values({ key, valueText }).onConflictDoNothing();
  return readPlatformSetting(db, key);
}
