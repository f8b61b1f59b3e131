import { providerId } from '../providers/ids.ts';
import { type Books, CONNECTOR } from './books.ts';
import { Refusal } from './errors.ts';
import type { Dispute, DisputeEnd, DisputeRecord, PaymentRecord } from './types.ts';

export function openDispute(books: Books, payment: PaymentRecord, amountMinor: number): DisputeRecord {
  const { payment_id, currency } = payment.body;
  const dispute: Dispute = {
    dispute_id: providerId('dp', 20),
    payment_id,
    attempt_id: `${payment_id}_1`,
    amount: String(amountMinor),
    currency,
    dispute_stage: 'dispute',
    dispute_status: 'dispute_opened',
    connector: CONNECTOR,
    connector_status: 'needs_response',
    connector_dispute_id: providerId('dp'),
    connector_reason: 'fraudulent',
    connector_reason_code: null,
    challenge_required_by: null,
    is_already_refunded: false,
    created_at: new Date().toISOString(),
  };
  const record: DisputeRecord = { body: dispute, emitted: [] };
  books.disputes.set(dispute.dispute_id, record);
  announce(books, record);
  return record;
}

export function closeDispute(books: Books, disputeId: string, end: DisputeEnd): DisputeRecord {
  const record = findDispute(books, disputeId);
  record.body.dispute_status = `dispute_${end}`;
  record.body.connector_status = end;
  announce(books, record);
  return record;
}

export function findDispute(books: Books, disputeId: string): DisputeRecord {
  const record = books.disputes.get(disputeId);
  if (record === undefined) throw new Refusal('dispute_not_found');
  return record;
}

function announce(books: Books, record: DisputeRecord): void {
  books.emit(record, 'dispute_details', record.body.dispute_id, record.body.dispute_status);
}
