import { type SQL, sql } from 'drizzle-orm';
import { parseSubject, type Subject } from '../../domain/kernel/index.ts';
import { ACCOUNTS_NAMED } from '../accounts/index.ts';
import { APPROVALS_NAMED } from '../approvals/index.ts';
import type { Db } from '../client.ts';
import { KERNEL_NAMED, type NamedRows } from '../kernel/index.ts';
import { MARKETPLACE_NAMED } from '../marketplace/index.ts';
import { PAYOUTS_NAMED } from '../payouts/index.ts';
import { PRIVACY_NAMED } from '../privacy/index.ts';
import { SUBSCRIPTIONS_NAMED } from '../subscriptions/index.ts';
import { WEBHOOKS_NAMED } from '../webhooks/index.ts';

/** The register of rows that have a story: a line a subject. */
const NAMED: readonly NamedRows[] = [
  // First: an id of a person names their account, and not their balance or that they leave.
  ...ACCOUNTS_NAMED,
  ...MARKETPLACE_NAMED,
  ...PAYOUTS_NAMED,
  ...SUBSCRIPTIONS_NAMED,
  ...WEBHOOKS_NAMED,
  ...KERNEL_NAMED,
  ...APPROVALS_NAMED,
  ...PRIVACY_NAMED,
];

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * Finds the row that an id names: a workflow id, a bare UUID of any of our rows, or a provider's id of a refund,
 * payment, transfer, reversal or payout. Null where there is no such row.
 */
export async function findSubject(db: Db, text: string): Promise<Subject | null> {
  const given = text.trim();
  const named = parseSubject(given);
  const id = named?.id ?? given.toLowerCase();
  const rows = await db.execute<{ kind: string; id: string }>(UUID.test(id) ? ours(id) : theirs(given));
  const [found] = named === null ? rows : rows.filter(({ kind }) => kind === named.kind);
  return found === undefined ? null : { kind: found.kind, id: found.id };
}

const among = (selects: readonly SQL[]) => sql.join([...selects], sql` UNION ALL `);

/** By primary keys. */
const ours = (id: string) =>
  among(
    NAMED.map(
      ({ kind, table }) => sql`SELECT ${kind}::text AS kind, id FROM ${table} WHERE id = ${id}::uuid`,
    ),
  );

/** By their unique indexes, of which some leave out what has none. */
const theirs = (id: string) =>
  among(
    NAMED.flatMap(({ kind, table, providerId }) =>
      providerId === undefined
        ? []
        : sql`SELECT ${kind}::text AS kind, id FROM ${table} WHERE ${providerId} = ${id} AND ${providerId} <> ''`,
    ),
  );
