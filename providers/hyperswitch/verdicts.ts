import { type DisputeReport, DISPUTE_STAGES, type DisputeStage } from '../../domain/marketplace/index.ts';

/**
 * What a payment's status means to us. `waiting` is every status that is not final, and every word that we do not
 * know.
 */
export type PaymentVerdict =
  | 'succeeded'
  | 'partially_captured'
  | 'failed'
  | 'cancelled'
  | 'expired'
  | 'cancelled_post_capture'
  | 'waiting';

/** What a refund's status means to us. `pending`, `review` and words we do not know are `waiting`. */
export type RefundReport = 'succeeded' | 'failed' | 'waiting';

/** `freed`: the refund block is lifted. `expired`: stays open and is flagged. */
export type DisputeVerdict = 'open' | 'expired' | 'freed' | 'lost' | 'waiting';

const PAYMENT_VERDICTS: ReadonlyMap<string, PaymentVerdict> = new Map([
  ['succeeded', 'succeeded'],
  ['partially_captured', 'partially_captured'],
  ['failed', 'failed'],
  ['cancelled', 'cancelled'],
  ['expired', 'expired'],
  ['cancelled_post_capture', 'cancelled_post_capture'],
]);

const REFUND_VERDICTS: ReadonlyMap<string, RefundReport> = new Map([
  ['succeeded', 'succeeded'],
  ['failed', 'failed'],
]);

const DISPUTE_VERDICTS: ReadonlyMap<string, DisputeVerdict> = new Map([
  ['opened', 'open'],
  ['challenged', 'open'],
  ['expired', 'expired'],
  ['won', 'freed'],
  ['cancelled', 'freed'],
  ['lost', 'lost'],
  ['accepted', 'lost'],
]);

/**
 * Maps a payment's status (Hyperswitch `IntentStatus`). It never reads the error fields: they do not mean a failure.
 */
export function paymentVerdict(status: string): PaymentVerdict {
  return PAYMENT_VERDICTS.get(normaliseWord(status)) ?? 'waiting';
}

/** Maps a refund's status (Hyperswitch `RefundStatus`). */
export function refundVerdict(status: string): RefundReport {
  return REFUND_VERDICTS.get(normaliseWord(status)) ?? 'waiting';
}

/** Maps a dispute's status (Hyperswitch `DisputeStatus`), with or without its `dispute_` prefix. */
export function disputeVerdict(status: string): DisputeVerdict {
  return DISPUTE_VERDICTS.get(normaliseWord(status).replace(/^dispute_/, '')) ?? 'waiting';
}

/**
 * What a dispute's status means to us: `accepted` is lost, `won` and `cancelled` free the order, `expired` leaves the
 * dispute open. Null for a status that changes nothing.
 */
export function disputeReportStatus(status: string): DisputeReport['status'] | null {
  const verdict = disputeVerdict(status);
  switch (verdict) {
    case 'open':
    case 'expired':
    case 'lost':
      return verdict;
    case 'freed':
      return normaliseWord(status).includes('cancel') ? 'cancelled' : 'won';
    case 'waiting':
      return null;
  }
}

/** Maps a dispute's stage (Hyperswitch `DisputeStage`); undefined for a word that we do not know. */
export function disputeStage(stage = ''): DisputeStage | undefined {
  return DISPUTE_STAGES.find((one) => one === normaliseWord(stage));
}

/** Lower case, dots as underscores: `Refund.Succeeded` → `refund_succeeded`. */
export function normaliseWord(word: string): string {
  return word.trim().toLowerCase().replaceAll('.', '_');
}
