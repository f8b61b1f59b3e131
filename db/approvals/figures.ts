import { sql } from 'drizzle-orm';
import { countedRows } from '../kernel/index.ts';

export interface ApprovalFigure {
  /** `waiting`: for a second admin; `untold`: approved, and the engine was not notified yet. */
  readonly state: 'waiting' | 'untold';
  readonly rows: number;
}

export const OPEN_APPROVALS = sql`
  SELECT 'waiting' AS state, ${countedRows} FROM approvals WHERE status = 'pending' AND expires_at > now()
  UNION ALL
  SELECT 'untold', ${countedRows} FROM approvals WHERE status = 'approved' AND told_at IS NULL`;
