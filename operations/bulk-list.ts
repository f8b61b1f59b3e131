import { listWebhooksForReplay, type ReplayFilter } from '../db/webhooks/index.ts';
import type { Db, Tx } from '../db/client.ts';
import { listWork, PERSON_KINDS, STUCK_KINDS, type WorkFilter } from '../db/operators/index.ts';
import { type Money, sumMinor } from '../domain/kernel/index.ts';
import type { ActionName } from './action.ts';
import { seenToken } from './seen.ts';
import { actionsFor } from './what-next.ts';

/** The most rows of one action on many: one transaction does them all, and must not hold locks for long. */
export const BULK_MAX_ROWS = 500;

/** Actions on many rows at once. Actions that revert books are decided row by row. */
export const BULK_ACTIONS = ['retry', 'give_up', 'replay_webhook', 'clear_flag'] as const;
export type BulkAction = (typeof BULK_ACTIONS)[number] & ActionName;

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

async function matching(db: Db | Tx, action: BulkAction, filter: BulkFilter): Promise<BulkRow[]> {
  const limit = BULK_MAX_ROWS + 1;
  if ('webhooks' in filter) {
    if (action !== 'replay_webhook') return [];
    const stored = await listWebhooksForReplay(db, filter.webhooks, limit);
    return stored.map(({ id, outcome }) => ({ subject: `webhook/${id}`, status: outcome, money: null }));
  }
  // Rows without this action are not counted.
  const kinds = (filter.stuck.kinds ?? ALL_KINDS).filter((kind) => KINDS_OF[action].includes(kind));
  const rows = await listWork(db, { ...filter.stuck, kinds }, { limit });
  return rows.flatMap((row) => {
    const ask = actionsFor(row).find((one) => one.action === action);
    if (ask === undefined) return [];
    return {
      subject: ask.subject,
      status: row.kind === 'flag' ? 'open' : row.status,
      money: row.kind === 'flag' ? null : row.money,
    };
  });
}

const ALL_KINDS = [...STUCK_KINDS, ...PERSON_KINDS];
const KINDS_OF: Readonly<Record<BulkAction, readonly string[]>> = {
  retry: ['transfer', 'reversal', 'payout', 'failed_transfer', 'failed_reversal'],
  give_up: ['reversal', 'payout'],
  replay_webhook: ['webhook'],
  clear_flag: ['flag'],
};

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
