import { eq, sql } from 'drizzle-orm';
import type { Db } from '../client.ts';
import { platformSettings, type Act, writeAuditLog } from '../kernel/index.ts';
import { assertAdmin } from '../accounts/index.ts';

const KEY = 'maintenance_mode';
const SUBJECT = 'maintenance';

export interface MaintenanceSetting {
  readonly isOn: boolean;
  /** By the database's clock; each switch has its own time, also one that changes nothing. */
  readonly changedAt: Date;
}

/** The first migration with this setting writes it, off. Null: somebody deleted it. */
export async function readMaintenance(db: Db): Promise<MaintenanceSetting | null> {
  const [row] = await db.select().from(platformSettings).where(eq(platformSettings.key, KEY));
  return row === undefined ? null : { isOn: row.valueBool === true, changedAt: row.updatedAt };
}

/** Switches maintenance for all processes. A switch that changes nothing is recorded too. */
export async function setMaintenance(db: Db, isOn: boolean, act: Act): Promise<MaintenanceSetting> {
  return db.transaction(async (tx) => {
    await assertAdmin(tx, act);
    const [before] = await tx
      .select()
      .from(platformSettings)
      .where(eq(platformSettings.key, KEY))
      .for('update');
    const set = { valueBool: isOn, updatedAt: sql`clock_timestamp()` };
    const [row] = await tx
      .insert(platformSettings)
      .values({ key: KEY, ...set })
      .onConflictDoUpdate({ target: platformSettings.key, set })
      .returning();
    if (row === undefined) throw new Error('maintenance was not switched');
    await writeAuditLog(tx, act, {
      action: 'maintenance.switch',
      subject: SUBJECT,
      before: before === undefined ? null : { enabled: before.valueBool },
      after: { enabled: isOn },
    });
    return { isOn, changedAt: row.updatedAt };
  });
}
