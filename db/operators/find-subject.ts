import { sql } from 'drizzle-orm';
import { parseSubject, type Subject, type SubjectKind } from '../../domain/kernel/index.ts';
import type { Db } from '../client.ts';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * Finds the row that an id names: a workflow id, a bare UUID of any of our rows, or a provider's id of a refund,
 * payment, transfer, reversal or payout. Null where there is no such row.
 */
export async function findSubject(db: Db, text: string): Promise<Subject | null> {
  const given = text.trim();
  const named = parseSubject(given);
  const id = named?.id ?? given.toLowerCase();
  const rows = await db.execute<{ kind: SubjectKind; id: string }>(UUID.test(id) ? ours(id) : theirs(given));
  const [found] = named === null ? rows : rows.filter(({ kind }) => kind === named.kind);
  return found === undefined ? null : { kind: found.kind, id: found.id };
}

/** By primary keys. An order and its payment have the same id: the order is returned. */
const ours = (id: string) => sql`
  SELECT 'order' AS kind, id FROM orders WHERE id = ${id}::uuid
  UNION ALL SELECT 'refund', id FROM refunds WHERE id = ${id}::uuid
  UNION ALL SELECT 'transfer', id FROM seller_transfers WHERE id = ${id}::uuid
  UNION ALL SELECT 'reversal', id FROM transfer_reversals WHERE id = ${id}::uuid
  UNION ALL SELECT 'payout', id FROM seller_payouts WHERE id = ${id}::uuid
  UNION ALL SELECT 'webhook', id FROM webhook_events WHERE id = ${id}::uuid
  UNION ALL SELECT 'flag', id FROM ops_flags WHERE id = ${id}::uuid
  UNION ALL SELECT 'approval', id FROM approvals WHERE id = ${id}::uuid`;

/** By their unique indexes. */
const theirs = (id: string) => sql`
  SELECT 'transfer' AS kind, id FROM seller_transfers WHERE stripe_transfer_id = ${id} AND stripe_transfer_id <> ''
  UNION ALL SELECT 'reversal', id FROM transfer_reversals WHERE stripe_reversal_id = ${id} AND stripe_reversal_id <> ''
  UNION ALL SELECT 'refund', id FROM refunds WHERE hyperswitch_refund_id = ${id}
  UNION ALL SELECT 'payout', id FROM seller_payouts WHERE external_payout_id = ${id}
  UNION ALL SELECT 'order', id FROM orders WHERE payment_id = ${id}`;
