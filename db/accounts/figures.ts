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

/** How people signed in within the last hour, as the audit log has it. */
export interface SignInFigure {
  readonly result: 'signed_in' | 'blocked' | 'reused';
  readonly rows: number;
}

export const SIGN_INS_OF_AN_HOUR = sql`
  SELECT CASE action WHEN 'user.login' THEN 'signed_in' WHEN 'user.login_blocked' THEN 'blocked' ELSE 'reused' END AS result,
    ${countedRows}
  FROM audit_log
  WHERE action IN ('user.login', 'user.login_blocked', 'session.reuse') AND at > now() - interval '1 hour'
  GROUP BY action`;
