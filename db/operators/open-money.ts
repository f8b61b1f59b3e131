import { sql } from 'drizzle-orm';
import type { Db } from '../client.ts';
import { MONEY_KINDS, work, type WorkKind } from './work.ts';

/** Upper ends, in milliseconds; older money falls behind the last. */
export const AGE_ENDS_MS = [
  5 * 60_000,
  60 * 60_000,
  6 * 60 * 60_000,
  24 * 60 * 60_000,
  7 * 24 * 60 * 60_000,
] as const;

/** Money that is neither here nor there, of rows of one kind, status, currency and age. */
export interface OpenMoney {
  readonly kind: WorkKind;
  readonly status: string;
  readonly currency: string;
  /** Which of the ages: the index of its end, or one beyond the last. */
  readonly ageIndex: number;
  readonly count: number;
  /** Minor units. */
  readonly amountMinor: number;
}

/** All money under way, by kind, status, currency and age. */
export async function sumOpenMoney(db: Db): Promise<OpenMoney[]> {
  const ends = sql.join(
    AGE_ENDS_MS.map((endMs) => sql`${endMs}::float8`),
    sql`, `,
  );
  const rows = await db.execute<{
    kind: WorkKind;
    status: string;
    currency: string;
    age_index: number;
    count: number;
    amount_minor: string;
  }>(
    sql`SELECT kind, status, currency,
        width_bucket(extract(epoch FROM now() - since)::float8 * 1000, ARRAY[${ends}]) AS age_index,
        count(*)::int AS count, sum(amount_minor)::text AS amount_minor
      FROM (${work(MONEY_KINDS)}) AS open GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4`,
  );
  return rows.map(({ age_index: ageIndex, amount_minor: amountMinor, ...row }) => ({
    ...row,
    ageIndex,
    amountMinor: Number(amountMinor),
  }));
}
