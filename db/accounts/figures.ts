import { sql } from 'drizzle-orm';
import { ageS, countedRows, type FigurePart } from '../kernel/index.ts';

export const ACCOUNTS_FIGURES = {
  openSince: { mail: sql`SELECT 'mail', queued_at FROM mails WHERE status = 'queued'` },
} as const satisfies FigurePart;

/** Mails that wait, and mails that were given up since mails are sent. */
export interface OpenMailFigure {
  readonly kind: string;
  readonly status: string;
  readonly rows: number;
  /** Since when the oldest waits, in seconds. */
  readonly age: number;
}

export const OPEN_MAILS = sql`
  SELECT kind, status, ${countedRows}, ${ageS(sql`queued_at`)} AS age FROM mails WHERE status = 'queued' GROUP BY kind, status
  UNION ALL
  SELECT kind, status, ${countedRows}, ${ageS(sql`queued_at`)} AS age FROM mails
    WHERE status = 'given_up' AND attempts > 0 GROUP BY kind, status`;
