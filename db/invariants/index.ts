import { sql } from 'drizzle-orm';
import type { Db } from '../client.ts';
import { ledgerBalances } from './01-ledger-balances.ts';
import { orders } from './02-orders.ts';
import { transfers } from './03-transfers.ts';
import { openRefunds } from './04-open-refunds.ts';
import { findAbandoned, openRows, readOpenRows, type Workflows } from './05-open-rows.ts';
import { providerIds } from './06-provider-ids.ts';
import { connectedCash } from './07-connected-cash.ts';
import { subscriptions } from './09-subscriptions.ts';
import { invoices } from './10-invoices.ts';
import { deferredRevenue } from './11-deferred-revenue.ts';
import { closedAccounts } from './12-closed-accounts.ts';
import { erasedAccounts } from './13-erased-accounts.ts';
import type { Invariant, Violation } from './invariant.ts';

export type { Workflows } from './05-open-rows.ts';
export type { Violation } from './invariant.ts';

export interface CheckedInvariant {
  readonly number: number;
  readonly title: string;
  readonly violations: readonly Violation[];
}

/** All invariants that one snapshot of the database can check; docs/invariants.md says what to do about each. */
export const INVARIANTS: readonly Invariant[] = [
  ledgerBalances,
  orders,
  transfers,
  openRefunds,
  openRows,
  providerIds,
  connectedCash,
  subscriptions,
  invoices,
  deferredRevenue,
  closedAccounts,
  erasedAccounts,
];

/**
 * Checks every invariant on one snapshot of the database, and writes nothing. Open rows are compared with Temporal
 * where `workflows` is given; without it that half of invariant 5 is left out.
 */
export async function checkBooks(db: Db, workflows?: Workflows): Promise<CheckedInvariant[]> {
  const { checked, open } = await db.transaction(
    async (tx) => {
      // Sums over a million rows take longer than the API's limit, and need memory.
      await tx.execute(sql`SET LOCAL statement_timeout = 0`);
      await tx.execute(sql`SET LOCAL work_mem = '128MB'`);
      const found: CheckedInvariant[] = [];
      for (const { number, title, check } of INVARIANTS)
        found.push({ number, title, violations: await check(tx) });
      return { checked: found, open: workflows ? await readOpenRows(tx) : [] };
    },
    { isolationLevel: 'repeatable read', accessMode: 'read only' },
  );
  if (workflows === undefined) return checked;
  const abandoned = await findAbandoned(db, open, workflows);
  return checked.map((invariant) =>
    invariant.number === openRows.number
      ? { ...invariant, violations: [...invariant.violations, ...abandoned] }
      : invariant,
  );
}
