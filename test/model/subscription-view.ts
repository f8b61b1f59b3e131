import type { Person, World } from '../harness/world.ts';
import { type Books, CARDS, hasAccess, isDead, isPaid, liveOf, type Sub } from './subscriptions.ts';

// The same picture twice: as the rows, the gate, the ledger and the PSP's books show it, and as the model foretells it.

export interface Picture {
  readonly subscriptions: readonly unknown[];
  readonly invoices: readonly unknown[];
  readonly access: unknown;
  readonly ledger: Readonly<Record<string, number>>;
  readonly psp: Readonly<Record<string, unknown>>;
}

const at = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString());
const iso = (text: string | null) => at(text === null ? null : Date.parse(text));
const subsOf = (books: Books) => books.subs.toSorted((a, b) => a.createdAt - b.createdAt);
const invoicesOf = (books: Books) => subsOf(books).flatMap((sub) => sub.invoices);

/** What must be there at a moment of billing time. */
export function foretold(books: Books, now: number): Picture {
  const live = liveOf(books);
  return {
    subscriptions: subsOf(books).map((sub) =>
      isDead(sub)
        ? { status: sub.status, ended: sub.ended }
        : {
            status: sub.status,
            price: `${sub.plan} ${sub.cycle} ${sub.price}`,
            moves: sub.moves?.price ?? null,
            from: at(sub.from),
            to: at(sub.to),
            trialEnd: at(sub.trialEnd),
            canceled: sub.canceled,
            card: sub.card === null ? null : CARDS[sub.card].slice(-4),
            dunning: sub.dunningSince === null ? null : sub.step,
            wish: sub.wish === null ? null : `${sub.wish.plan} ${sub.wish.cycle} ${sub.wish.price}`,
          },
    ),
    invoices: invoicesOf(books).map((invoice) => ({
      is: `${invoice.reason} ${invoice.plan} ${invoice.cycle} ${invoice.status} -${invoice.refunded}`,
      lines: invoice.lines.join(' '),
      period: `${at(invoice.from)} ${at(invoice.to)}`,
      attempts: invoice.attempts.map(
        ({ inPerson, status, class: kind, received }) =>
          `${inPerson ? 'in person' : 'card'} ${status === 'cut' ? 'given_back' : status} ${kind} ${received}`,
      ),
      owed: invoice.owed === null ? null : `${invoice.owed.earned} of ${invoice.owed.amount}`,
      refused: invoice.failedRefunds,
    })),
    access: accessOf(live, now),
    ledger: {
      'cash:psp': books.cash,
      'platform:deferred': books.deferred,
      'platform:revenue': books.revenue,
      'platform:losses': 0,
      'suspense:invoice': 0,
      receipts: invoicesOf(books).filter(isPaid).length,
    },
    psp: Object.fromEntries(
      invoicesOf(books)
        .flatMap(({ attempts }) => attempts)
        .filter(({ atPsp }) => atPsp)
        .map(({ id, received }) => [id, received])
        .toSorted(),
    ),
  };
}

function accessOf(live: Sub | null, now: number) {
  if (live === null || !hasAccess(live, now)) return { to: null, needsPayment: live !== null };
  return { to: `${live.plan} ${live.cycle}`, needsPayment: false };
}

interface SubscriptionRow {
  status: string;
  ended: string | null;
  price: string;
  moves: number | null;
  from: string | null;
  to: string | null;
  trial_end: string | null;
  cause: string | null;
  last4: string | null;
  dunning: number | null;
  wish: string | null;
}
interface InvoiceRow {
  is: string;
  lines: string;
  from: string | null;
  to: string | null;
  attempts: string[] | null;
  owed: string | null;
  refused: number;
}

/** What is there. `setups`: payments that only put a card on file. */
export async function seen(world: World, person: Person, setups: ReadonlySet<string>): Promise<Picture> {
  const { sql } = world.database;
  const subs = await sql<SubscriptionRow[]>`
    SELECT s.status, s.end_reason AS ended, concat_ws(' ', p.plan_id, p.billing_cycle, p.amount_minor) AS price,
      m.amount_minor::float8 AS moves, s.current_period_start AS from,
      s.current_period_end AS to, s.trial_end, s.cancel_cause AS cause, c.last4,
      CASE WHEN s.dunning_since IS NOT NULL THEN s.dunning_index END AS dunning,
      (SELECT concat_ws(' ', w.plan_id, w.billing_cycle, w.amount_minor) FROM subscription_changes h JOIN plan_prices w ON w.id = h.to_price_id
        WHERE h.subscription_id = s.id AND h.status = 'scheduled') AS wish
    FROM subscriptions s JOIN plan_prices p ON p.id = s.price_id LEFT JOIN payment_methods c ON c.id = s.payment_method_id
      LEFT JOIN plan_prices m ON m.id = s.moves_to_price_id
    WHERE s.user_id = ${person.id} ORDER BY s.created_at, s.id`;
  const invoices = await sql<InvoiceRow[]>`
    SELECT concat_ws(' ', i.reason, p.plan_id, p.billing_cycle, i.status, -i.refunded_minor) AS is,
      (SELECT string_agg(amount_minor::text, ' ' ORDER BY position) FROM invoice_lines WHERE invoice_id = i.id) AS lines,
      i.period_start AS from, i.period_end AS to,
      (SELECT json_agg(concat_ws(' ', CASE WHEN on_session THEN 'in person' ELSE 'card' END, status,
        coalesce(decline_class, 'null'), coalesce(received_minor, 0)) ORDER BY attempt)
        FROM invoice_payments WHERE invoice_id = i.id) AS attempts,
      (SELECT recognised_minor || ' of ' || amount_minor FROM revenue_schedules WHERE invoice_id = i.id) AS owed,
      (SELECT count(*)::int FROM refunds WHERE invoice_id = i.id AND kind = 'requested' AND status = 'failed') AS refused
    FROM invoices i JOIN plan_prices p ON p.id = i.price_id JOIN subscriptions s ON s.id = i.subscription_id
    WHERE s.user_id = ${person.id} ORDER BY s.created_at, s.id, i.created_at, i.id`;
  const mine = await world.get(person, '/me/subscription');
  const shown = mine.body.subscription;
  return {
    subscriptions: subs.map((row) =>
      row.status === 'canceled' || row.status === 'expired'
        ? { status: row.status, ended: row.ended }
        : {
            status: row.status,
            price: row.price,
            moves: row.moves,
            from: iso(row.from),
            to: iso(row.to),
            trialEnd: iso(row.trial_end),
            canceled: row.cause,
            card: row.last4,
            dunning: row.dunning,
            wish: row.wish,
          },
    ),
    invoices: invoices.map(({ is, lines, from, to, attempts, owed, refused }) => ({
      is: is.replace(/ 0$/, ' -0'),
      lines,
      period: `${iso(from)} ${iso(to)}`,
      attempts: attempts ?? [],
      owed,
      refused,
    })),
    access: {
      to: shown ? `${shown.plan_id} ${shown.billing_cycle}` : null,
      needsPayment: mine.body.needs_payment,
    },
    ledger: await ledgerSeen(world, person),
    psp: pspSeen(world, person, setups),
  };
}

const OWED = ['platform:deferred', 'platform:revenue', 'suspense:invoice'];

async function ledgerSeen({ database: { sql } }: World, { id }: Person): Promise<Record<string, number>> {
  const rows = await sql<{ account: string; minor: number }[]>`
    SELECT account, sum(amount_minor)::float8 AS minor FROM ledger_entries
    WHERE root_id IN (SELECT i.id FROM invoices i JOIN subscriptions s ON s.id = i.subscription_id WHERE s.user_id = ${id})
    GROUP BY account`;
  const [mails] = await sql<{ receipts: number }[]>`
    SELECT count(*)::int AS receipts FROM mails WHERE user_id = ${id} AND kind = 'invoice_receipt'`;
  const none = { 'cash:psp': 0, 'platform:deferred': 0, 'platform:revenue': 0, 'platform:losses': 0 };
  const sums = rows.map(({ account, minor }) => [account, OWED.includes(account) ? -minor || 0 : minor]);
  const known = { ...none, 'suspense:invoice': 0, ...Object.fromEntries(sums) } as Record<string, number>;
  if (known['platform:tax'] === 0) delete known['platform:tax'];
  return { ...known, receipts: mails?.receipts ?? 0 };
}

/** What the stand-in has received of this person, by payment. */
function pspSeen({ psp }: World, { id }: Person, setups: ReadonlySet<string>): Record<string, number> {
  return Object.fromEntries(
    psp.control
      .payments()
      .filter((payment) => payment.customer_id === id && !setups.has(payment.payment_id))
      .map((payment) => [payment.payment_id, payment.amount_received ?? 0] as const)
      .toSorted(),
  );
}

/** What is with the platform by the stand-in's own books: received, less refunds and lost disputes. */
export function heldAtPsp({ psp }: World, books: Books): number {
  const ids = invoicesOf(books).flatMap(({ attempts }) => attempts.map(({ id }) => id));
  const known = ids.filter((id) => psp.control.hasPayment(id));
  const received = known.map((id) => psp.control.payment(id).amount_received ?? 0);
  const back = known.flatMap((id) =>
    psp.control.refunds(id).map(({ status, amount }) => (status === 'succeeded' ? amount : 0)),
  );
  const lost = known.flatMap((id) =>
    psp.control
      .disputes(id)
      .map(({ dispute_status, amount }) => (dispute_status === 'dispute_lost' ? Number(amount) : 0)),
  );
  const sum = (numbers: readonly number[]) => numbers.reduce((total, one) => total + one, 0);
  return sum(received) - sum(back) - sum(lost);
}
