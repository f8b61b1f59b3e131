import type { Db, Tx } from '../db/client.ts';
import {
  listWork,
  PERSON_KINDS,
  STUCK_KINDS,
  type WorkFilter,
  type WorkKind,
} from '../db/operators/index.ts';
import type { ReplayFilter } from '../db/webhooks/index.ts';
import { type Money, sumMinor } from '../domain/kernel/index.ts';
import { seenToken } from './acting.ts';
import { STUCK } from './index.ts';
import type { BulkAction } from './titles.ts';
import { webhooksToReplay } from './webhooks/index.ts';

/** The most rows of one action on many: one transaction does them all, and must not hold locks for long. */
export const BULK_MAX_ROWS = 500;

/** Which rows: of the list of what is stuck or, for a replay, of all webhooks. */
export type BulkFilter = { readonly stuck: WorkFilter } | { readonly webhooks: ReplayFilter };

export interface BulkRow {
  /** The subject of the action. */
  readonly subject: string;
  readonly status: string;
  readonly money: Money | null;
}

export interface BulkList {
  readonly rows: readonly BulkRow[];
  /** More rows match than one action takes: it takes the oldest. */
  readonly hasMore: boolean;
  readonly totals: readonly Money[];
  readonly fingerprint: string;
}

/** The rows that an action on many would take, the oldest first, and a fingerprint of their state. */
export async function readBulkList(db: Db | Tx, action: BulkAction, filter: BulkFilter): Promise<BulkList> {
  const found = await matching(db, action, filter);
  const rows = found.slice(0, BULK_MAX_ROWS);
  return {
    rows,
    hasMore: found.length > BULK_MAX_ROWS,
    totals: totalsOf(rows),
    fingerprint: seenToken(action, rows),
  };
}

async function matching(db: Db | Tx, action: BulkAction, filter: BulkFilter): Promise<readonly BulkRow[]> {
  const limit = BULK_MAX_ROWS + 1;
  if ('webhooks' in filter) {
    return action === 'replay_webhook' ? webhooksToReplay(db, filter.webhooks, limit) : [];
  }
  // Rows without this action are not counted.
  const kinds = (filter.stuck.kinds ?? ALL_KINDS).filter((kind) => STUCK[kind].onMany?.includes(action));
  const rows = await listWork(db, { ...filter.stuck, kinds }, { limit });
  return rows.flatMap((row) => {
    const { actions, snapshot = row } = STUCK[row.kind];
    const ask = actions(row).find((one) => one.action === action);
    return ask === undefined ? [] : { subject: ask.subject, status: snapshot.status, money: snapshot.money };
  });
}

const ALL_KINDS: readonly WorkKind[] = [...STUCK_KINDS, ...PERSON_KINDS];

/** A currency at a time. */
function totalsOf(rows: readonly BulkRow[]): Money[] {
  const totals = new Map<string, number>();
  for (const { money } of rows) {
    if (money === null) continue;
    const { amountMinor, currency } = money;
    totals.set(currency, sumMinor([totals.get(currency) ?? 0, amountMinor]));
  }
  return [...totals].map(([currency, amountMinor]) => ({ amountMinor, currency }));
}
