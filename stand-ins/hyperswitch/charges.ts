import type { Tasks } from '../kernel/tasks.ts';
import type { Books } from './books.ts';
import { declines } from './cards.ts';
import type { OwnFault } from './faults.ts';
import { announcePayment, endPayment } from './payments.ts';
import type { Ending, PaymentRecord } from './types.ts';

export type ChargeFault = Extract<OwnFault, { kind: 'chargeOutcome' }>;

/** How a charge of a card on file ends. */
export function endingOfCharge(books: Books, record: PaymentRecord, ordered?: ChargeFault): Ending {
  const ofCard: Ending = record.card?.absent ?? { kind: 'succeeds' };
  if (ordered !== undefined) return orderedEnding(ordered, ofCard);
  const isProcessedFirst = books.chargeMode === 'processing' && ofCard.kind !== 'processing';
  return isProcessedFirst ? { kind: 'processing', afterMs: null, endsAs: ofCard } : ofCard;
}

/** What a fault orders; a charge that is processed ends as its card does, unless the fault says how. */
export function orderedEnding(
  { outcome, endsAs, settlesAfterMs, ...words }: ChargeFault,
  ofCard: Ending,
): Ending {
  switch (outcome) {
    case 'failed': {
      const { declineCode, errorCode, message, issuerCode, adviceCode, unifiedCode } = words;
      return declines({ declineCode, errorCode, message, issuerCode, adviceCode, unifiedCode });
    }
    case 'requires_customer_action':
      return { kind: 'wants_buyer' };
    case 'processing':
      return {
        kind: 'processing',
        afterMs: settlesAfterMs ?? null,
        endsAs: endsAs === undefined ? ofCard : orderedEnding({ ...words, outcome: endsAs }, ofCard),
      };
    case 'succeeded':
    case 'refused':
      return { kind: 'succeeds' };
  }
}

/** A charge that is processed ends. False: it was not. */
export function settleCharge(books: Books, record: PaymentRecord): boolean {
  const { settles } = record;
  if (settles === null || record.body.status !== 'processing') return false;
  endPayment(books, record, settles.ending);
  announcePayment(books, record);
  return true;
}

/** Settles it when its time has come, also after a restart. A wait is not counted: it may take days. */
export function settleInTime(
  parts: { books: Books; tasks: Tasks; onChange(): void },
  record: PaymentRecord,
): void {
  const atMs = record.settles?.atMs ?? null;
  if (atMs === null) return;
  const settle = () => {
    if (record.settles?.atMs !== atMs) return;
    if (Date.now() < atMs) return settleInTime(parts, record);
    if (settleCharge(parts.books, record)) parts.onChange();
  };
  parts.tasks.later(Math.min(Math.max(atMs - Date.now(), 0), MAX_TIMER_MS), settle, { counted: false });
}

/** Node's timers hold no more. */
const MAX_TIMER_MS = 2 ** 31 - 1;
