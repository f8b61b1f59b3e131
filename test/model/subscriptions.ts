// What subscriptions and their money must do, told a second time and on purpose without a line of the code that does it:
// plain numbers and plain dates, one person at a time. Minor units; times are milliseconds of billing time.

export type PlanId = 'creator' | 'premium';
export type Cycle = 'monthly' | 'yearly';

export const PRICES: Readonly<Record<PlanId, Readonly<Record<Cycle, number>>>> = {
  creator: { monthly: 999, yearly: 9990 },
  premium: { monthly: 1999, yearly: 19_990 },
};
const DAY_MS = 86_400_000;
export const TRIAL_MS = 14 * DAY_MS;
const PAY_WITHIN_MS = 24 * 3_600_000;
export const GRACE_MS = 3 * DAY_MS;
export const DUNNING_MS = [DAY_MS, 3 * DAY_MS, 5 * DAY_MS];
const MIN_CHARGE = 50;

/** Test cards, by what becomes of a charge without their holder. */
export const CARDS = {
  good: '4242424242424242',
  poor: '4000000000009995',
  lost: '4000000000009987',
  wantsBuyer: '4000002760003184',
} as const;
export type Card = keyof typeof CARDS;

/** `cut`: given back, for its invoice could not take it. */
export interface Attempt {
  readonly id: string;
  readonly inPerson: boolean;
  /** The card on file that is charged; null where the person is there, or none is on file. */
  readonly card: Card | null;
  status: 'pending' | 'succeeded' | 'failed' | 'cut';
  class: 'final' | 'retry' | null;
  received: number;
  /** The PSP has heard of it. */
  atPsp: boolean;
  /** What its bank will say of a charge that is processed. */
  says?: Card;
  /** Its person has given another card since it was begun, which stays on file. */
  isOutdated?: boolean;
}

/** What a paid invoice still owes in service. */
export interface Owed {
  amount: number;
  earned: number;
  readonly from: number;
  readonly to: number;
}

export interface Invoice {
  readonly id: string;
  readonly reason: 'first' | 'renewal' | 'trial_end' | 'change';
  readonly plan: PlanId;
  readonly cycle: Cycle;
  readonly lines: readonly number[];
  readonly createdAt: number;
  /** Of a change: when it was quoted. */
  readonly quotedAt: number | null;
  from: number | null;
  to: number | null;
  status: 'open' | 'paid' | 'void' | 'partially_refunded' | 'refunded';
  attempts: Attempt[];
  refunded: number;
  /** Of refunds that the PSP refused. */
  failedRefunds: number;
  owed: Owed | null;
  dispute: { readonly id: string; readonly amount: number } | null;
  /** A dispute of it was lost. */
  lost?: boolean;
}

export interface Sub {
  readonly id: string;
  plan: PlanId;
  cycle: Cycle;
  status: 'trialing' | 'pending_payment' | 'active' | 'canceling' | 'past_due' | 'canceled' | 'expired';
  readonly createdAt: number;
  readonly trialEnd: number | null;
  anchor: number | null;
  from: number | null;
  to: number | null;
  canceled: 'person' | 'dispute' | null;
  card: Card | null;
  /** Their banks said that they must not be charged again without their holder. */
  readonly refused: Set<Card>;
  dunningSince: number | null;
  step: number;
  /** What it becomes with the next period. */
  wish: { readonly plan: PlanId; readonly cycle: Cycle } | null;
  ended: string | null;
  invoices: Invoice[];
}

export interface Books {
  subs: Sub[];
  hadTrial: boolean;
  cash: number;
  deferred: number;
  revenue: number;
  /** Carried out so far, as they are told when one fails. */
  readonly commands: string[];
}

export const isDead = ({ status }: Sub) => status === 'canceled' || status === 'expired';
export const liveOf = (books: Books): Sub | null => books.subs.find((sub) => !isDead(sub)) ?? null;
export const openOf = (sub: Sub): Invoice | null =>
  sub.invoices.find(({ status }) => status === 'open') ?? null;
export const lastOf = ({ attempts }: Invoice): Attempt | null => attempts.at(-1) ?? null;
export const amountOf = ({ lines }: Invoice) => lines.reduce((sum, line) => sum + line, 0);
export const isPaid = ({ status }: Invoice) => status !== 'open' && status !== 'void';
export const priceOf = ({ plan, cycle }: { plan: PlanId; cycle: Cycle }) => PRICES[plan][cycle];
const rank = (plan: PlanId) => (plan === 'creator' ? 1 : 2);
/** Half up. */
const part = (amount: number, of: number, length: number) =>
  Math.floor((amount * of * 2 + length) / (length * 2));

/** So many months after, on the same day of the month, or on its last where it has none. */
export function monthsAfter(from: number, months: number): number {
  const date = new Date(from);
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth() + months];
  const days = new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
  const midnight = Date.UTC(year, month, Math.min(date.getUTCDate(), days));
  return midnight + (from % DAY_MS);
}
const lengthOf = (cycle: Cycle) => (cycle === 'monthly' ? 1 : 12);

/** The period that begins here: reckoned from the anchor where whole periods of this cycle lead to it, else from itself. */
export function periodFrom(anchor: number, cycle: Cycle, from: number): { anchor: number; to: number } {
  for (let months = 0; monthsAfter(anchor, months) <= from; months += lengthOf(cycle)) {
    if (monthsAfter(anchor, months) === from)
      return { anchor, to: monthsAfter(anchor, months + lengthOf(cycle)) };
  }
  return { anchor: from, to: monthsAfter(from, lengthOf(cycle)) };
}

/** Whether the plan's features are given at a moment. */
export const hasAccess = (sub: Sub, now: number): boolean =>
  sub.status === 'trialing' ? now < (sub.trialEnd ?? 0) : effectiveOf(sub, now) !== null;

export function effectiveOf(sub: Sub, now: number): Invoice | null {
  if (sub.status !== 'active' && sub.status !== 'canceling') return null;
  const grace = sub.status === 'active' ? GRACE_MS : 0;
  const [latest] = sub.invoices
    .filter(
      ({ status, plan, from, to }) =>
        (status === 'paid' || status === 'partially_refunded') &&
        plan === sub.plan &&
        (from ?? 0) <= now &&
        now < (to ?? 0) + grace,
    )
    .toSorted((a, b) => b.to! - a.to! || b.from! - a.from!);
  return latest ?? null;
}

/** When something is next to be done, if nobody does anything. */
export function dueOf(sub: Sub): number | null {
  const open = openOf(sub);
  const isUnderWay = open !== null && lastOf(open)?.status === 'pending';
  switch (sub.status) {
    case 'pending_payment':
      return sub.createdAt + PAY_WITHIN_MS;
    case 'trialing':
      return open === null ? sub.trialEnd : null;
    case 'active':
      if (open?.reason === 'change') return Math.min(open.createdAt + PAY_WITHIN_MS, sub.to!);
      return isUnderWay ? null : sub.to;
    case 'canceling':
      return isUnderWay ? null : sub.to;
    case 'past_due':
      if (isUnderWay && !lastOf(open)!.inPerson) return null;
      return sub.step < DUNNING_MS.length ? sub.dunningSince! + DUNNING_MS[sub.step]! : null;
    case 'canceled':
    case 'expired':
      return null;
  }
}

export interface ChangeLines {
  readonly lines: readonly number[];
  readonly from: number;
  readonly to: number;
}

/** What a change at once costs. */
export function linesOf(sub: Sub, to: { plan: PlanId; cycle: Cycle }, at: number): ChangeLines {
  const length = sub.to! - sub.from!;
  const left = sub.to! - at;
  const isOtherCycle = to.cycle !== sub.cycle;
  const plan = isOtherCycle ? priceOf(to) : part(priceOf(to), left, length);
  const back = sub.invoices
    .filter((invoice) => isPaid(invoice) && invoice.from! >= sub.from!)
    .reduce((sum, { refunded }) => sum + refunded, 0);
  const credit = Math.max(part(priceOf(sub), left, length) - back, 0);
  const lines = [plan];
  if (credit > 0) lines.push(-credit);
  if (plan - credit < MIN_CHARGE) lines.push(MIN_CHARGE - plan + credit);
  return { lines, from: at, to: isOtherCycle ? monthsAfter(at, 12) : sub.to! };
}

/** What a wish for another price is: a word, or the code of its refusal. */
export function changeOf(sub: Sub, to: { plan: PlanId; cycle: Cycle }, now: number): string {
  if (sub.status === 'canceling') return 'subscription_canceling';
  if (sub.status === 'pending_payment') return 'payment_pending';
  if (sub.status === 'past_due') return 'subscription_past_due';
  if (openOf(sub) !== null) return 'payment_pending';
  if (to.plan === sub.plan && to.cycle === sub.cycle)
    return sub.wish === null ? 'nothing_to_change' : 'taken back';
  if (sub.status === 'trialing') return 'at the end';
  if (rank(to.plan) > rank(sub.plan) && sub.cycle === 'yearly' && to.cycle === 'monthly')
    return 'cycle_change_at_period_end';
  const toYears = sub.cycle === 'monthly' && to.cycle === 'yearly';
  if (rank(to.plan) < rank(sub.plan) || (to.plan === sub.plan && !toYears)) return 'at the end';
  if (now >= sub.to!) return 'payment_pending';
  return chargeableOf(sub) === null ? 'payment_method_required' : 'at once';
}

/** The card on file, where it may be charged without its holder. */
export const chargeableOf = ({ card, refused: banned }: Sub): Card | null =>
  card === null || banned.has(card) ? null : card;

/** The person gives a card; payments that were begun before put none in its place. */
export function gives(sub: Sub, card: Card, by: Attempt | null): void {
  const all = sub.invoices.flatMap(({ attempts }) => attempts);
  for (const one of by === null ? all : all.slice(0, all.indexOf(by))) one.isOutdated = true;
  sub.card = card;
  sub.refused.delete(card);
}

// What happens, and what it does to the money.

/** The PSP has an attempt's money: its invoice takes it, or it goes back. */
export function received(
  books: Books,
  sub: Sub,
  invoice: Invoice,
  attempt: Attempt,
  how: {
    readonly amount: number;
    /** When; a card that it was paid with and that may be kept. */
    readonly at: number;
    readonly card: Card | null;
  },
): void {
  if (attempt.class === 'final' && attempt.card !== null) sub.refused.delete(attempt.card);
  attempt.received = how.amount;
  attempt.class = null;
  const isInTime = invoice.reason !== 'change' || (!isDead(sub) && how.at < invoice.to!);
  if (invoice.status !== 'open' || how.amount !== amountOf(invoice) || !isInTime) {
    attempt.status = 'cut';
    if (invoice.status === 'open' && !attempt.inPerson) refused(sub, invoice, attempt, how.at);
    return;
  }
  attempt.status = 'succeeded';
  take(books, sub, invoice, how.at);
  if (how.card !== null && attempt.inPerson && attempt.isOutdated !== true) gives(sub, how.card, attempt);
}

function take(books: Books, sub: Sub, invoice: Invoice, at: number): void {
  const amount = amountOf(invoice);
  const isOtherCycle = invoice.reason === 'change' && invoice.cycle !== sub.cycle;
  let moved = 0;
  if (sub.status === 'pending_payment' || sub.status === 'past_due') begin(sub, at, invoice.cycle);
  else if (invoice.reason === 'trial_end') begin(sub, sub.trialEnd!, invoice.cycle);
  else if (isOtherCycle) {
    const quotedAt = invoice.quotedAt!;
    for (const { owed } of sub.invoices) {
      if (owed === null) continue;
      earn(books, owed, quotedAt);
      moved += owed.amount - owed.earned;
      owed.amount = owed.earned;
    }
    begin(sub, quotedAt, invoice.cycle);
  } else if (invoice.reason === 'renewal') {
    const next = periodFrom(sub.anchor!, invoice.cycle, invoice.from!);
    Object.assign(sub, { anchor: next.anchor, from: invoice.from, to: next.to });
  }
  if (invoice.reason !== 'change' || isOtherCycle) Object.assign(invoice, { from: sub.from, to: sub.to });
  invoice.owed = { amount: amount + moved, earned: 0, from: invoice.from!, to: invoice.to! };
  invoice.status = 'paid';
  books.cash += amount;
  books.deferred += amount;
  const isWished = sub.wish !== null && sub.wish.plan === invoice.plan && sub.wish.cycle === invoice.cycle;
  // An upgrade ends a wish for less.
  if (isWished || invoice.reason === 'change') sub.wish = null;
  if (sub.status !== 'canceling') sub.status = 'active';
  Object.assign(sub, { plan: invoice.plan, cycle: invoice.cycle, dunningSince: null, step: 0 });
}

function begin(sub: Sub, at: number, cycle: Cycle): void {
  Object.assign(sub, { anchor: at, from: at, to: monthsAfter(at, lengthOf(cycle)) });
}

/** An attempt is over, and its invoice has nothing of it. */
export function failed(
  sub: Sub,
  invoice: Invoice,
  attempt: Attempt,
  how: {
    readonly class: 'final' | 'retry' | null;
    readonly at: number;
    readonly wantsBuyer?: boolean;
  },
): void {
  attempt.status = 'failed';
  attempt.class = how.class;
  if (how.class === 'final' && attempt.card !== null) sub.refused.add(attempt.card);
  if (invoice.status === 'open') refused(sub, invoice, attempt, how.at, how.wantsBuyer);
}

function refused(sub: Sub, invoice: Invoice, attempt: Attempt, at: number, wantsBuyer = false): void {
  if (invoice.reason === 'first') return;
  if (invoice.reason === 'change') {
    if (!wantsBuyer && !attempt.inPerson) voidOf(sub);
    return;
  }
  if (sub.status === 'canceling') return voidOf(sub);
  if (sub.status !== 'past_due') Object.assign(sub, { status: 'past_due', dunningSince: at, step: 0 });
}

/** Its open invoice is void; a payment that only waits for its buyer is over at the PSP. */
export function voidOf(sub: Sub): void {
  const open = openOf(sub);
  if (open === null) return;
  open.status = 'void';
  endWaiting(open);
}

export function endWaiting(invoice: Invoice): void {
  const last = lastOf(invoice);
  if (last?.status === 'pending' && last.inPerson) last.status = 'failed';
}

export function end(books: Books, sub: Sub, status: 'canceled' | 'expired', ended: string): void {
  voidOf(sub);
  for (const { owed } of sub.invoices) if (owed !== null) earn(books, owed, owed.to);
  Object.assign(sub, { status, ended, wish: null });
}

/** Service was given up to a moment. */
export function earn(books: Books, owed: Owed, at: number): void {
  const due =
    at >= owed.to
      ? owed.amount
      : at <= owed.from
        ? 0
        : part(owed.amount, at - owed.from, owed.to - owed.from);
  const more = Math.max(due - owed.earned, 0);
  owed.earned += more;
  books.deferred -= more;
  books.revenue += more;
}

/** What the day's recognition finds: whole months (UTC), and what is over. */
export function recogniseAll(books: Books, now: number): void {
  const date = new Date(now);
  const month = Date.UTC(date.getUTCFullYear(), date.getUTCMonth());
  for (const { owed } of books.subs.flatMap(({ invoices }) => invoices)) {
    if (owed === null || owed.earned >= owed.amount) continue;
    if (owed.to <= now) earn(books, owed, now);
    else if (owed.from < month) earn(books, owed, month);
  }
}

/** A refund of a paid invoice has succeeded, or a dispute of it was lost. */
export function givenBack(
  books: Books,
  sub: Sub,
  invoice: Invoice,
  how: {
    readonly amount: number;
    readonly endsAccess: boolean;
    readonly kind: 'refund' | 'dispute';
    readonly at: number;
  },
): void {
  const effective = effectiveOf(sub, how.at);
  const owed = invoice.owed!;
  const rest = Math.min(how.amount, owed.amount - owed.earned);
  const earned = Math.min(how.amount - rest, owed.earned);
  owed.amount -= rest + earned;
  owed.earned -= earned;
  let missing = how.amount - rest - earned;
  let deferred = rest;
  // What a later year took over of it.
  for (const other of sub.invoices.toSorted((a, b) => (b.to ?? 0) - (a.to ?? 0))) {
    if (other === invoice || other.owed === null) continue;
    const by = Math.min(missing, other.owed.amount - other.owed.earned);
    other.owed.amount -= by;
    missing -= by;
    deferred += by;
  }
  books.cash -= how.amount;
  books.deferred -= deferred;
  books.revenue -= how.amount - deferred;
  invoice.refunded += how.amount;
  const isWhole = invoice.refunded === amountOf(invoice);
  invoice.status = isWhole ? 'refunded' : 'partially_refunded';
  // What an upgrade or a year took its credit from is part of what it cost.
  const isLost =
    how.kind === 'dispute' && effective !== null && invoice.from! < sub.to! && sub.from! < invoice.to!;
  if (isLost || (effective === invoice && (isWhole || how.endsAccess)))
    end(books, sub, 'expired', how.kind === 'dispute' ? 'dispute_lost' : 'refunded');
}
