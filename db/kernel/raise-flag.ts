import { v7 as uuidv7 } from 'uuid';
import type { Db, Tx } from '../client.ts';
import { opsFlags } from './schema.ts';

export const FLAG_KINDS = [
  'amount_differs',
  'capture_differs',
  'late_payment',
  'succeeded_after_failed',
  'failed_after_succeeded',
  'give_back_failed',
  'orphan_failed',
  'outside_refund_unbooked',
  'refunded_beyond_captured',
  'dispute_opened',
  'dispute_expired',
  'dispute_unbooked',
  'dispute_contradicted',
  'reversal_gave_up',
  'reversal_happened_after_all',
  'transfer_gave_up',
  'transfer_happened_after_all',
  'transfer_without_id',
  'payout_gave_up',
  'payout_paid_after_failed',
  'outside_payout',
  'seller_funds_short',
  'account_gone',
  'stripe_refuses_our_key',
  'psp_refuses_our_key',
  'unknown_signal',
  'outside_reversal',
  'unhandled_webhook',
  'statement_exceptions',
] as const;
export type FlagKind = (typeof FLAG_KINDS)[number];

/** Puts something on the operators' list; a second raise of what is still open changes nothing. */
export async function raiseFlag(db: Db | Tx, kind: FlagKind, subject: string, detail: string): Promise<void> {
  await db.insert(opsFlags).values({ id: uuidv7(), kind, subject, detail }).onConflictDoNothing();
}
