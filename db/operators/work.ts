import { type SQL, sql } from 'drizzle-orm';
import { joined, type Money } from '../../domain/kernel/index.ts';
import { ACCOUNTS_WORK } from '../accounts/index.ts';
import { APPROVALS_WORK } from '../approvals/index.ts';
import type { Db, Tx } from '../client.ts';
import { rowOf, type WorkPart } from '../kernel/index.ts';
import { MARKETPLACE_WORK } from '../marketplace/index.ts';
import { PAYOUTS_WORK } from '../payouts/index.ts';
import { PRIVACY_WORK } from '../privacy/index.ts';
import { SUBSCRIPTIONS_WORK } from '../subscriptions/index.ts';
import { WEBHOOKS_WORK } from '../webhooks/index.ts';

/** Flags are any subject's. Those that only repeat a transfer's or a reversal's own row are left out. */
const FLAGS_WORK = {
  flag: {
    needsPerson: true,
    rows: sql`
    SELECT 'flag', flag.subject, flag.id, refund.order_id, NULL, flag.kind, flag.raised_at, NULL, refund.amount_minor,
      refund.currency, flag.detail, NULL, NULL, NULL
    FROM ops_flags AS flag LEFT JOIN
      ${rowOf(sql`refunds`, sql`CASE WHEN flag.subject LIKE 'refund/%' THEN substr(flag.subject, 8)::uuid END`)} AS refund ON true
    WHERE flag.cleared_at IS NULL AND flag.kind NOT IN ('reversal_gave_up', 'transfer_gave_up')`,
  },
} as const satisfies Readonly<Record<string, WorkPart>>;

/** The register of what is open or needs a person: a line a subject. */
const WORK = joined(
  'kinds of open work',
  MARKETPLACE_WORK,
  PAYOUTS_WORK,
  SUBSCRIPTIONS_WORK,
  WEBHOOKS_WORK,
  ACCOUNTS_WORK,
  PRIVACY_WORK,
  FLAGS_WORK,
  APPROVALS_WORK,
);
export type WorkKind = keyof typeof WORK;
export type PersonKind = {
  [Kind in WorkKind]: (typeof WORK)[Kind] extends { readonly needsPerson: true } ? Kind : never;
}[WorkKind];
export type StuckKind = Exclude<WorkKind, PersonKind>;

const KINDS = Object.keys(WORK) as WorkKind[];
const partOf = (kind: WorkKind): WorkPart => WORK[kind];
const isPersons = (kind: WorkKind): kind is PersonKind => partOf(kind).needsPerson === true;

/** Open rows, which automation goes on with. */
export const STUCK_KINDS = KINDS.filter((kind): kind is StuckKind => !isPersons(kind));
/** What needs a person, beside what has been open for long. */
export const PERSON_KINDS: readonly PersonKind[] = KINDS.filter(isPersons);
export const WORK_KINDS: readonly WorkKind[] = [...STUCK_KINDS, ...PERSON_KINDS];
/** Whose amounts are money under way. */
export const MONEY_KINDS: readonly WorkKind[] = WORK_KINDS.filter((kind) => partOf(kind).isMoney === true);

export interface WorkRow {
  readonly kind: WorkKind;
  /** The workflow id of its subject, or a webhook's: `webhook/…`. */
  readonly subject: string;
  /** The id of the row itself, where that differs from its subject: a flag, an approval. */
  readonly id: string;
  readonly orderId: string | null;
  readonly sellerId: string | null;
  readonly status: string;
  readonly since: Date;
  /** When a sweep last looked at it; null: none has, or none does. */
  readonly lookedAt: Date | null;
  readonly money: Money | null;
  readonly lastError: string | null;
  /** Why it waits without counting attempts. */
  readonly waitingFor: string | null;
  readonly nextAttemptAt: Date | null;
  readonly retryCount: number | null;
}

export interface WorkFilter {
  /** For open rows; what needs a person is listed at once, and mails after a quarter of an hour. */
  readonly olderThanMinutes: number;
  readonly kinds?: readonly WorkKind[] | undefined;
  readonly orderId?: string | undefined;
  readonly sellerId?: string | undefined;
  readonly currency?: string | undefined;
  readonly minAmountMinor?: number | undefined;
  /** A part of the last error, in any case. */
  readonly error?: string | undefined;
  /** Only these. */
  readonly subjects?: readonly string[] | undefined;
}

/** Of no row: it names the columns, and says of which type each is. */
const COLUMNS = sql`
  SELECT NULL::text AS kind, NULL::text AS subject, NULL::uuid AS id, NULL::uuid AS order_id, NULL::uuid AS seller_id,
    NULL::text AS status, NULL::timestamptz AS since, NULL::timestamptz AS looked_at, NULL::bigint AS amount_minor,
    NULL::text AS currency, NULL::text AS last_error, NULL::text AS waiting_for, NULL::timestamptz AS next_at,
    NULL::int AS retry_count
  WHERE false`;

/** The rows of these kinds, as a query: kind, subject, id, status, since, amount_minor, currency and so on. */
export const work = (kinds: readonly WorkKind[]) =>
  sql.join([COLUMNS, ...kinds.map((kind) => WORK[kind].rows)], sql` UNION ALL `);

function where(filter: WorkFilter): SQL {
  const conditions = [
    sql`(kind IN (${list(PERSON_KINDS)}) OR since < now() - ${ageOf(filter)} * interval '1 minute')`,
  ];
  if (filter.orderId !== undefined) conditions.push(sql`order_id = ${filter.orderId}`);
  if (filter.sellerId !== undefined) conditions.push(sql`seller_id = ${filter.sellerId}`);
  if (filter.currency !== undefined) conditions.push(sql`currency = ${filter.currency}`);
  if (filter.minAmountMinor !== undefined) conditions.push(sql`amount_minor >= ${filter.minAmountMinor}`);
  if (filter.error !== undefined)
    conditions.push(sql`position(lower(${filter.error}) IN lower(last_error)) > 0`);
  if (filter.subjects !== undefined)
    conditions.push(filter.subjects.length === 0 ? sql`false` : sql`subject IN (${list(filter.subjects)})`);
  return sql.join(conditions, sql` AND `);
}

/** From which age on a kind is listed, in minutes. */
const ageOf = ({ olderThanMinutes }: WorkFilter): SQL =>
  sql`CASE kind ${sql.join(
    KINDS.flatMap((kind) => {
      const { listedAfterMinutes: after } = partOf(kind);
      return after === undefined
        ? []
        : [sql`WHEN ${kind} THEN least(${after}::int, ${olderThanMinutes}::int)`];
    }),
    sql` `,
  )} ELSE ${olderThanMinutes}::int END`;

const list = (values: readonly string[]) =>
  sql.join(
    values.map((value) => sql`${value}`),
    sql`, `,
  );

type Raw = {
  kind: WorkKind;
  subject: string;
  id: string;
  order_id: string | null;
  seller_id: string | null;
  status: string;
  since: string;
  looked_at: string | null;
  amount_minor: string | null;
  currency: string | null;
  last_error: string | null;
  waiting_for: string | null;
  next_at: string | null;
  retry_count: number | null;
};

/** The oldest first. */
export async function listWork(
  db: Db | Tx,
  filter: WorkFilter,
  { limit, offset = 0 }: { readonly limit: number; readonly offset?: number },
): Promise<WorkRow[]> {
  const rows = await db.execute<Raw>(sql`
    SELECT * FROM (${work(filter.kinds ?? WORK_KINDS)}) AS work WHERE ${where(filter)}
    ORDER BY since, subject, id LIMIT ${limit} OFFSET ${offset}`);
  return rows.map((row) => ({
    kind: row.kind,
    subject: row.subject,
    id: row.id,
    orderId: row.order_id,
    sellerId: row.seller_id,
    status: row.status,
    since: new Date(row.since),
    lookedAt: dateOrNull(row.looked_at),
    money:
      row.amount_minor === null || row.currency === null
        ? null
        : { amountMinor: Number(row.amount_minor), currency: row.currency },
    lastError: row.last_error,
    waitingFor: row.waiting_for,
    nextAttemptAt: dateOrNull(row.next_at),
    retryCount: row.retry_count,
  }));
}

const dateOrNull = (text: string | null) => (text === null ? null : new Date(text));

export interface WorkSum {
  readonly kind: WorkKind;
  readonly count: number;
  readonly oldest: Date;
  /** The sums, one for each currency; empty where the kind has no money. */
  readonly totals: readonly Money[];
}

/** Counts and sums of each kind. */
export async function sumWork(db: Db, filter: WorkFilter): Promise<WorkSum[]> {
  const rows = await db.execute<{
    kind: WorkKind;
    currency: string | null;
    count: number;
    oldest: string;
    amount_minor: string | null;
  }>(sql`
    SELECT kind, currency, count(*)::int AS count, min(since) AS oldest, sum(amount_minor)::text AS amount_minor
    FROM (${work(filter.kinds ?? WORK_KINDS)}) AS work WHERE ${where(filter)}
    GROUP BY kind, currency ORDER BY kind, currency`);
  return WORK_KINDS.flatMap((kind) => {
    const own = rows.filter((row) => row.kind === kind);
    if (own.length === 0) return [];
    return {
      kind,
      count: own.reduce((count, row) => count + row.count, 0),
      oldest: new Date(Math.min(...own.map((row) => new Date(row.oldest).getTime()))),
      totals: own.flatMap(({ currency, amount_minor: amountMinor }) =>
        currency === null || amountMinor === null ? [] : { amountMinor: Number(amountMinor), currency },
      ),
    };
  });
}
