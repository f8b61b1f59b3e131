import { providerId } from '../kernel/ids.ts';
import type { Answer } from '../kernel/server.ts';
import { type Books, CONNECTOR, laterThan, PROFILE_ID } from './books.ts';
import { invalidFormat, MalformedBody, Refusal } from './errors.ts';
import { refuseUnknownFields } from './parse.ts';
import {
  type Dispute,
  DISPUTE_STAGES,
  DISPUTE_STATUSES,
  type DisputeEnd,
  type DisputeRecord,
  type DisputeStage,
  type PaymentRecord,
} from './types.ts';

const LIST_FIELDS = [
  'dispute_id',
  'payment_id',
  'limit',
  'offset',
  'profile_id',
  'dispute_status',
  'dispute_stage',
  'reason',
  'connector',
  'currency',
  'merchant_connector_id',
  'start_time',
  'end_time',
];

/**
 * The router silently limits both, so a page may be shorter than asked for. Its sources leave the largest page of
 * disputes to its callers. Source: juspay/hyperswitch, `common_utils::types::list`.
 */
const PAGE_USUAL = 10;
const PAGE_MAX = 50;
const OFFSET_MAX = 20_000;

/** `tells: false`: no webhook is sent. */
export interface DisputeChange {
  stage?: DisputeStage | undefined;
  status?: 'opened' | DisputeEnd | undefined;
  amountMinor?: number | undefined;
  tells?: boolean | undefined;
}

export function openDispute(
  books: Books,
  payment: PaymentRecord,
  { stage = 'dispute', status = 'opened', amountMinor, tells = true }: DisputeChange = {},
): DisputeRecord {
  const { payment_id, currency, amount } = payment.body;
  const now = new Date().toISOString();
  const dispute: Dispute = {
    dispute_id: providerId('dp', 20),
    payment_id,
    attempt_id: `${payment_id}_1`,
    amount: String(amountMinor ?? amount),
    currency,
    dispute_stage: stage,
    dispute_status: `dispute_${status}`,
    connector: CONNECTOR,
    connector_status: status === 'opened' ? 'needs_response' : status,
    connector_dispute_id: providerId('dp'),
    connector_reason: 'fraudulent',
    connector_reason_code: null,
    challenge_required_by: null,
    is_already_refunded: false,
    created_at: now,
  };
  const record: DisputeRecord = { body: dispute, modifiedAt: now, emitted: [] };
  books.disputes.set(dispute.dispute_id, record);
  if (tells) announce(books, record);
  return record;
}

/**
 * Sets any stage and status, also those that the router's own validation would refuse. Announces it as the router
 * does: only the first time that the dispute has this status, at whatever stage.
 */
export function turnDispute(books: Books, disputeId: string, change: DisputeChange): DisputeRecord {
  const record = findDispute(books, disputeId);
  const { stage, status, amountMinor, tells = true } = change;
  if (stage !== undefined) record.body.dispute_stage = stage;
  if (amountMinor !== undefined) record.body.amount = String(amountMinor);
  if (status !== undefined) {
    record.body.dispute_status = `dispute_${status}`;
    record.body.connector_status = status === 'opened' ? 'needs_response' : status;
  }
  record.modifiedAt = laterThan(record.modifiedAt);
  if (tells) announce(books, record);
  return record;
}

export function findDispute(books: Books, disputeId: string): DisputeRecord {
  const record = books.disputes.get(disputeId);
  if (record === undefined) throw new Refusal('dispute_not_found');
  return record;
}

/** Last changed first; the time range is that of their creation. No total: a list has ended where a page is empty. */
export function listDisputes(books: Books, query: URLSearchParams): Answer {
  refuseUnknownFields(Object.fromEntries(query), LIST_FIELDS);
  const of = (name: string) => query.get(name) ?? undefined;
  const stages = oneOfMany(of('dispute_stage'), DISPUTE_STAGES);
  const statuses = oneOfMany(
    of('dispute_status'),
    DISPUTE_STATUSES.map((status) => `dispute_${status}`),
  );
  const from = time('start_time', of('start_time'));
  const to = time('end_time', of('end_time'));
  const is = (name: string, value: string) => of(name) === undefined || of(name)!.split(',').includes(value);
  const all = [...books.disputes.values()]
    .filter(({ body }) => {
      const createdAtMs = Date.parse(body.created_at);
      return (
        is('payment_id', body.payment_id) &&
        is('dispute_id', body.dispute_id) &&
        is('connector', body.connector) &&
        is('currency', body.currency) &&
        is('reason', body.connector_reason) &&
        is('profile_id', PROFILE_ID) &&
        (stages?.includes(body.dispute_stage) ?? true) &&
        (statuses?.includes(body.dispute_status) ?? true) &&
        createdAtMs >= (from ?? -Infinity) &&
        createdAtMs <= (to ?? Infinity)
      );
    })
    .toSorted((one, other) => Date.parse(other.modifiedAt) - Date.parse(one.modifiedAt));
  const offset = Math.min(count('offset', of('offset')) ?? 0, OFFSET_MAX);
  const limit = Math.min(Math.max(count('limit', of('limit')) ?? PAGE_USUAL, 1), PAGE_MAX);
  return { status: 200, body: structuredClone(all.slice(offset, offset + limit).map(({ body }) => body)) };
}

function oneOfMany(value: string | undefined, known: readonly string[]): string[] | undefined {
  const words = value?.split(',');
  const unknown = words?.find((word) => !known.includes(word));
  if (unknown !== undefined) throw new MalformedBody(`unknown variant \`${unknown}\``);
  return words;
}

function count(name: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (!/^\d{1,9}$/.test(value)) throw invalidFormat(name, 'positive integer');
  return Number(value);
}

function time(name: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const atMs = Date.parse(value);
  if (Number.isNaN(atMs)) throw invalidFormat(name, 'ISO 8601');
  return atMs;
}

function announce(books: Books, record: DisputeRecord): void {
  books.emit(record, 'dispute_details', record.body.dispute_id, record.body.dispute_status);
}
