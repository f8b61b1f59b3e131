import { and, eq, sql } from 'drizzle-orm';
import type { CallKind } from '../../domain/api-keys.ts';
import type { Db } from '../client.ts';
import { apiKeyUsage } from '../schema/index.ts';

export interface CallAllowance {
  readonly isAllowed: boolean;
  /** Calls that are still free now. */
  readonly remaining: number;
  /** When a further call is free, once the remaining ones are used: the next one, where none remains. */
  readonly nextFreeAt: Date;
  /** By the database's clock, which all processes share. */
  readonly at: Date;
}

const HOUR_S = 3600;

/**
 * Takes one call from a key's hourly limit, or says that none is free. One statement, so that of many processes exactly
 * as many pass as are free; a refused call costs the key nothing.
 *
 * The hour slides: the calls of the hour before count for the share of it that still lies within the last sixty minutes.
 * So a client cannot spend two limits around a full hour, as it could with fixed windows, and two counters do, where a
 * log would hold every call.
 */
export async function takeCall(
  db: Db,
  { keyId, kind, perHour }: { readonly keyId: string; readonly kind: CallKind; readonly perHour: number },
): Promise<CallAllowance> {
  const [taken] = await db
    .insert(apiKeyUsage)
    .values({ keyId, kind, hour: THIS_HOUR, used: 1, usedBefore: 0, lastUsedAt: sql`clock_timestamp()` })
    .onConflictDoUpdate({
      target: [apiKeyUsage.keyId, apiKeyUsage.kind],
      set: {
        // Of two processes at the turn of the hour, the later one may hold the earlier time.
        hour: sql`greatest(${apiKeyUsage.hour}, excluded.hour)`,
        used: sql`${USED} + 1`,
        usedBefore: USED_BEFORE,
        lastUsedAt: sql`greatest(${apiKeyUsage.lastUsedAt}, excluded.last_used_at)`,
      },
      setWhere: sql`${USED} + 1 + ${USED_BEFORE} * ${shareLeft(sql`excluded.last_used_at`, sql`greatest(${apiKeyUsage.hour}, excluded.hour)`)} <= ${perHour}`,
    })
    .returning();
  if (taken !== undefined) return allowanceOf(taken, taken.lastUsedAt, perHour, true);
  // Refused: only to say until when. The counts may have moved on since; what was refused stays refused.
  const [now] = await db
    .select({
      hour: apiKeyUsage.hour,
      used: apiKeyUsage.used,
      usedBefore: apiKeyUsage.usedBefore,
      at: sql`clock_timestamp()`.mapWith(apiKeyUsage.lastUsedAt),
    })
    .from(apiKeyUsage)
    .where(and(eq(apiKeyUsage.keyId, keyId), eq(apiKeyUsage.kind, kind)));
  if (now === undefined) throw new Error(`the ${kind} calls of API key ${keyId} are not counted`);
  return allowanceOf(now, now.at, perHour, false);
}

const THIS_HOUR = sql`date_bin('1 hour', clock_timestamp(), 'epoch'::timestamptz)`;
const isSameHour = sql`excluded.hour <= ${apiKeyUsage.hour}`;
const USED = sql`CASE WHEN ${isSameHour} THEN ${apiKeyUsage.used} ELSE 0 END`;
const USED_BEFORE = sql`CASE WHEN ${isSameHour} THEN ${apiKeyUsage.usedBefore}
  WHEN excluded.hour = ${apiKeyUsage.hour} + interval '1 hour' THEN ${apiKeyUsage.used} ELSE 0 END`;
/** The share of the hour before that lies within the last sixty minutes. */
const shareLeft = (at: ReturnType<typeof sql>, hour: ReturnType<typeof sql>) =>
  sql`(1 - greatest(extract(epoch FROM ${at} - ${hour}), 0) / ${sql.raw(String(HOUR_S))})`;

interface Counted {
  readonly hour: Date;
  readonly used: number;
  readonly usedBefore: number;
}

/** The same sum in JavaScript, for the headers alone: what passes was decided by the statement. */
function allowanceOf(
  { hour, used, usedBefore }: Counted,
  at: Date,
  perHour: number,
  isAllowed: boolean,
): CallAllowance {
  const elapsedS = Math.max((at.getTime() - hour.getTime()) / 1000, 0);
  const countedNow = used + usedBefore * Math.max(1 - elapsedS / HOUR_S, 0);
  const remaining = isAllowed ? Math.max(Math.floor(perHour - countedNow), 0) : 0;
  const freeAfterS = secondsUntilFree(used + remaining, usedBefore, perHour);
  const nextFreeMs = Math.max(hour.getTime() + freeAfterS * 1000, at.getTime());
  return { isAllowed, remaining, nextFreeAt: new Date(nextFreeMs), at };
}

/** After the start of the hour, when the calls counted are one below the limit. */
function secondsUntilFree(used: number, usedBefore: number, perHour: number): number {
  const room = perHour - 1;
  // Still in this hour, by what leaves the hour before; else in the next, by what leaves this one.
  if (used <= room) return usedBefore === 0 ? 0 : HOUR_S * Math.max(1 - (room - used) / usedBefore, 0);
  return HOUR_S + HOUR_S * (1 - room / used);
}
