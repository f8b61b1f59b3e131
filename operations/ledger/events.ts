import type { ledgerEntries } from '../../db/ledger/index.ts';
import { formatMoney, writeSubject } from '../../domain/kernel/index.ts';
import type { StoryEvent } from '../row-kind.ts';
import { event } from '../telling.ts';

type Entry = typeof ledgerEntries.$inferSelect;

/** One event for each transaction of the ledger, with its postings. */
export function ledgerEvents(entries: readonly Entry[]): StoryEvent[] {
  const byTransaction = new Map<string, Entry[]>();
  for (const entry of entries) {
    byTransaction.set(entry.transactionId, [...(byTransaction.get(entry.transactionId) ?? []), entry]);
  }
  return [...byTransaction.values()].flatMap((postings) => {
    const [first] = postings;
    if (first === undefined) return [];
    const subject = writeSubject({ kind: first.ofKind, id: first.ofId });
    const detail = postings.map(({ account, amountMinor, currency }) => ({
      account,
      amount: formatMoney(amountMinor, currency),
    }));
    return event(first.createdAt, 'ledger', subject, `Booked: ${first.kind}.`, { detail });
  });
}
