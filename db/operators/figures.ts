import { type SQL, sql } from 'drizzle-orm';
import { joined } from '../../domain/kernel/index.ts';
import {
  ACCOUNTS_FIGURES,
  OPEN_MAILS,
  type OpenMailFigure,
  SIGN_INS_OF_AN_HOUR,
  type SignInFigure,
  readUnreadable,
  type UnreadableFigure,
  unreadableMails,
  WRAPPING_KEYS,
} from '../accounts/index.ts';
import { type ApprovalFigure, OPEN_APPROVALS } from '../approvals/index.ts';
import type { Db } from '../client.ts';
import { countedRows } from '../kernel/index.ts';
import { MARKETPLACE_FIGURES, REFUND_AGES, type RefundAgeFigure } from '../marketplace/index.ts';
import { PAYOUTS_FIGURES } from '../payouts/index.ts';
import { OPEN_PEOPLE, type PeopleFigure, PRIVACY_FIGURES } from '../privacy/index.ts';
import {
  CHARGES_OF_AN_HOUR,
  type ChargeFigure,
  DEFERRED,
  type DeferredFigure,
  LIVE_SUBSCRIPTIONS,
  type LiveFigure,
  MAILS_OF_AN_HOUR,
  type MailFigure,
  SUBSCRIPTIONS_FIGURES,
} from '../subscriptions/index.ts';
import { UNHANDED_WEBHOOKS, WEBHOOKS_FIGURES } from '../webhooks/index.ts';
import { STUCK_KINDS, type StuckKind } from './work.ts';

type OpenKind = keyof typeof OPEN_KINDS;

/** Open rows of one kind, status and currency. Minor units, seconds. */
interface OpenFigure {
  readonly kind: OpenKind;
  readonly status: string;
  readonly currency: string;
  readonly rows: number;
  readonly amountMinor: number;
  readonly oldestAgeS: number;
}

interface WebhookFigure {
  readonly state: 'unprocessed' | 'unmatched';
  readonly rows: number;
  readonly oldestAgeS: number;
}

export interface Figures {
  readonly open: readonly OpenFigure[];
  /** Rows that automation gave up on and nobody has taken up again. */
  readonly givenUp: readonly Omit<OpenFigure, 'oldestAgeS'>[];
  readonly refundAges: readonly RefundAgeFigure[];
  readonly webhooks: readonly WebhookFigure[];
  readonly approvals: readonly ApprovalFigure[];
  readonly flags: readonly { readonly kind: string; readonly rows: number }[];
  readonly subscriptions: readonly LiveFigure[];
  readonly charges: readonly ChargeFigure[];
  readonly deferred: readonly DeferredFigure[];
  readonly mails: readonly MailFigure[];
  readonly openMails: readonly OpenMailFigure[];
  readonly signIns: readonly SignInFigure[];
  /** Sealed values by the key that is missing. */
  readonly unreadable: readonly UnreadableFigure[];
  readonly people: readonly PeopleFigure[];
  /** Null: no sweep of all phases has ended yet. */
  readonly lastSweepAt: Date | null;
  /** Null: no upkeep of all that its schedule asks for has ended yet. */
  readonly lastUpkeepAt: Date | null;
}

// The registers of figures: a line a subject in each.
const OPEN_KINDS = joined(
  'figures of open rows',
  MARKETPLACE_FIGURES.open,
  PAYOUTS_FIGURES.open,
  SUBSCRIPTIONS_FIGURES.open,
);
const GIVEN_UP_KINDS = MARKETPLACE_FIGURES.givenUp;
const OPEN_SINCE_KINDS = joined(
  'times of open rows',
  MARKETPLACE_FIGURES.openSince,
  PAYOUTS_FIGURES.openSince,
  SUBSCRIPTIONS_FIGURES.openSince,
  WEBHOOKS_FIGURES.openSince,
  ACCOUNTS_FIGURES.openSince,
  PRIVACY_FIGURES.openSince,
);

/** The first is of no row: it names the columns. */
const union = (columns: SQL, kinds: Readonly<Record<string, SQL>>) =>
  sql.join([sql`SELECT ${columns} WHERE false`, ...Object.values(kinds)], sql` UNION ALL `);

const COLUMNS = sql`NULL::text AS kind, NULL::text AS status, NULL::text AS currency, NULL::int AS rows, NULL::float8 AS amount`;
const OPEN = union(sql`${COLUMNS}, NULL::float8 AS age`, OPEN_KINDS);
const GIVEN_UP = union(COLUMNS, GIVEN_UP_KINDS);
const OPEN_SINCE = union(sql`NULL::text AS kind, NULL::timestamptz AS since`, OPEN_SINCE_KINDS);

const FLAGS = sql`SELECT kind, ${countedRows} FROM ops_flags WHERE cleared_at IS NULL GROUP BY kind`;

/** The queries of a reading, for tests of their plans. */
export const FIGURE_QUERIES = {
  OPEN,
  OPEN_SINCE,
  GIVEN_UP,
  REFUND_AGES,
  UNHANDED_WEBHOOKS,
  OPEN_APPROVALS,
  FLAGS,
  LIVE_SUBSCRIPTIONS,
  CHARGES_OF_AN_HOUR,
  DEFERRED,
  MAILS_OF_AN_HOUR,
  OPEN_MAILS,
  SIGN_INS_OF_AN_HOUR,
  OPEN_PEOPLE,
  WRAPPING_KEYS,
  UNREADABLE_MAILS: unreadableMails(['k1']),
} as const;

interface Row extends Record<string, unknown> {
  readonly kind: OpenKind;
  readonly status: string;
  readonly currency: string;
  readonly rows: number;
  readonly amount: number;
  readonly age: number;
}

/** How the business stands: some index scans, each only over open rows. */
export async function readFigures(db: Db): Promise<Figures> {
  // One after the other, on one connection: a scrape must not use up the pool.
  const open = await db.execute<Row>(OPEN);
  const givenUp = await db.execute<Row>(GIVEN_UP);
  const refundAges = await db.execute<RefundAgeFigure & Record<string, unknown>>(REFUND_AGES);
  const webhooks = await db.execute<{ state: WebhookFigure['state']; rows: number; age: number }>(
    UNHANDED_WEBHOOKS,
  );
  const approvals = await db.execute<ApprovalFigure & Record<string, unknown>>(OPEN_APPROVALS);
  const flags = await db.execute<{ kind: string; rows: number }>(FLAGS);
  const subscriptions = await db.execute<LiveFigure & Record<string, unknown>>(LIVE_SUBSCRIPTIONS);
  const charges = await db.execute<ChargeFigure & Record<string, unknown>>(CHARGES_OF_AN_HOUR);
  const deferred = await db.execute<DeferredFigure & Record<string, unknown>>(DEFERRED);
  const mails = await db.execute<MailFigure & Record<string, unknown>>(MAILS_OF_AN_HOUR);
  const openMails = await db.execute<OpenMailFigure & Record<string, unknown>>(OPEN_MAILS);
  const signIns = await db.execute<SignInFigure & Record<string, unknown>>(SIGN_INS_OF_AN_HOUR);
  const people = await db.execute<PeopleFigure & Record<string, unknown>>(OPEN_PEOPLE);
  const unreadable = await readUnreadable(db);
  const ended = await db.execute<{ key: string; at: string | null }>(
    sql`SELECT key, value_text AS at FROM platform_settings WHERE key IN ('last_sweep_at', 'last_upkeep_at')`,
  );
  const endedAt = (name: string): Date | null => {
    const at = ended.find(({ key }) => key === name)?.at;
    return at ? new Date(at) : null;
  };
  return {
    open: open.map(({ amount: amountMinor, age: oldestAgeS, ...row }) => ({
      ...row,
      amountMinor,
      oldestAgeS,
    })),
    givenUp: givenUp.map(({ amount: amountMinor, ...row }) => ({ ...row, amountMinor })),
    refundAges,
    webhooks: webhooks.map(({ age: oldestAgeS, ...row }) => ({ ...row, oldestAgeS })),
    approvals,
    flags,
    subscriptions,
    charges,
    deferred,
    mails,
    openMails,
    signIns,
    unreadable,
    people,
    lastSweepAt: endedAt('last_sweep_at'),
    lastUpkeepAt: endedAt('last_upkeep_at'),
  };
}

export type StuckAfterMs = Readonly<Record<StuckKind, number>>;

/** How many rows of each kind have been open for longer than its own threshold, in milliseconds. */
export async function readStuckFigures(db: Db, after: StuckAfterMs): Promise<Record<StuckKind, number>> {
  const thresholds = sql.join(
    STUCK_KINDS.map((kind) => sql`(${kind}::text, ${after[kind]} * interval '1 millisecond')`),
    sql`, `,
  );
  const counts = await db.execute<{ kind: StuckKind; rows: number }>(
    sql`SELECT open.kind, ${countedRows} FROM (${OPEN_SINCE}) AS open
      JOIN (VALUES ${thresholds}) AS threshold (kind, after) ON threshold.kind = open.kind
      WHERE open.since < now() - threshold.after GROUP BY open.kind`,
  );
  const counted = new Map(counts.map((row) => [row.kind, row.rows]));
  return Object.fromEntries(STUCK_KINDS.map((kind) => [kind, counted.get(kind) ?? 0])) as Record<
    StuckKind,
    number
  >;
}
