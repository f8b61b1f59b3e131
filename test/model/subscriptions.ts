// What subscriptions and their money must do, told a second time and on purpose without a line of the code that does it:
// plain numbers and plain dates, one person at a time. Minor units; times are milliseconds of billing time.

export type PaidPlan = 'creator' | 'premium';
export type PlanId = PaidPlan | 'free';
export type Cycle = 'monthly' | 'yearly';

export const PLANS: readonly PaidPlan[] = ['creator', 'premium'];
export const CYCLES: readonly Cycle[] = ['monthly', 'yearly'];
/** Of the first version. */
export const PRICES: Readonly<Record<PaidPlan, Readonly<Record<Cycle, number>>>> = {
  creator: { monthly: 999, yearly: 9990 },
  premium: { monthly: 1999, yearly: 19_990 },
};

/** A version of a price. */
export interface Price {
  readonly plan: PlanId;
  readonly cycle: Cycle;
  readonly price: number;
}

/** What is offered now, and at which price. */
export interface Market {
  readonly prices: Record<PaidPlan, Record<Cycle, number>>;
  readonly withdrawn: Set<PaidPlan>;
}
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
  /** How long its buyer can pay it. */
  readonly secretUntil: number;
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
  /** The whole price of the period, whatever its lines come to. */
  readonly price: number;
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
  /** A phantom, which nobody subscribed to. */
  readonly isMadeUp?: boolean;
  /** Its period is over, and nobody had paid it: it is not renewed. */
  isHeld?: boolean;
  plan: PlanId;
  cycle: Cycle;
  /** It keeps its own. */
  price: number;
  /** Where an operator moves that, at a renewal from then on. */
  moves: { readonly price: number; readonly after: number } | null;
  status: 'trialing' | 'pending_payment' | 'active' | 'canceling' | 'past_due' | 'canceled' | 'expired';
  readonly createdAt: number;
  readonly trialEnd: number | null;
  anchor: number | null;
  from: number | null;
  to: number | null;
  canceled: 'person' | 'dispute' | null;
  card: Card | null;
  /** Of the person, by all of theirs. */
  readonly refused: Set<Card>;
  dunningSince: number | null;
  step: number;
  /** What it becomes with the next period. */
  wish: Price | null;
  ended: string | null;
  invoices: Invoice[];
}

export interface Books {
  subs: Sub[];
  readonly market: Market;
  /** Their banks said that these must not be charged again without their holder. */
  readonly refused: Set<Card>;
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
const rank = (plan: PlanId) => ['free', 'creator', 'premium'].indexOf(plan);
/** Today's price. */
export const todays = ({ market }: Books, plan: PaidPlan, cycle: Cycle): Price => ({
  ...{ plan, cycle },
  price: market.prices[plan][cycle],
});
export const isSamePrice = (a: Price, b: Price) =>
  a.plan === b.plan && a.cycle === b.cycle && a.price === b.price;
export const isCharging = (attempt: Attempt | null) => attempt?.status === 'pending' && !attempt.inPerson;
/** Half up. */
export const part = (amount: number, of: number, length: number) =>
  Math.floor((amount * of * 2 + length) / (length * 2));

/** So many months after, on the same day of the month, or on its last where it has none. */
export function monthsAfter(from: number, months: number): number {
  const date = new Date(from);
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth() + months];
  const days = new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
  const midnight = Date.UTC(year, month, Math.min(date.getUTCDate(), days));
  return midnight + (from % DAY_MS);
}
export const lengthOf = (cycle: Cycle) => (cycle === 'monthly' ? 1 : 12);

/** The period that begins here: reckoned from the anchor where whole periods of this cycle lead to it, else from itself. */
export function periodFrom(anchor: number, cycle: Cycle, from: number): { anchor: number; to: number } {
  for (let months = 0; monthsAfter(anchor, months) <= from; months += lengthOf(cycle)) {
    if (monthsAfter(anchor, months) === from)
      return { anchor, to: monthsAfter(anchor, months + lengthOf(cycle)) };
  }
  return { anchor: from, to: monthsAfter(from, lengthOf(cycle)) };
}

/** Whether the plan's features are given at a moment. */
export function hasAccess(sub: Sub, now: number): boolean {
  if (sub.plan === 'free') return sub.status === 'active';
  return sub.status === 'trialing' ? now < (sub.trialEnd ?? 0) : effectiveOf(sub, now) !== null;
}

/** Whether it says that it is in force, and nothing carries it, nor is under way; what is only late is none. */
export const isPhantom = (sub: Sub, now: number): boolean =>
  (sub.status === 'active' || sub.status === 'trialing' || sub.status === 'canceling') &&
  !hasAccess(sub, now) &&
  !sub.invoices.some(({ attempts }) => attempts.some(({ status }) => status === 'pending')) &&
  !isLate(sub, now);

/** Whether its trial, or its period, is over and was paid for. */
function isLate(sub: Sub, now: number): boolean {
  const end = sub.status === 'trialing' ? sub.trialEnd : sub.to;
  return end !== null && now >= end && (sub.status === 'trialing' || isPaidTo(sub, end));
}

export const isPaidTo = (sub: Sub, end: number): boolean => effectiveOf(sub, end - 1, 0) !== null;

export function effectiveOf(sub: Sub, now: number, activeGrace = GRACE_MS): Invoice | null {
  if (sub.status !== 'active' && sub.status !== 'canceling') return null;
  const grace = sub.status === 'active' ? activeGrace : 0;
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

/** The invoice whose refund ends it: also that of the period which is over, while its renewal is late beyond the grace. */
export const endingOf = (sub: Sub, now: number): Invoice | null =>
  effectiveOf(sub, now) ??
  sub.invoices.findLast(
    ({ status, plan, to }) =>
      sub.status === 'active' &&
      (status === 'paid' || status === 'partially_refunded') &&
      plan === sub.plan &&
      to === sub.to,
  ) ??
  null;

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
      return isUnderWay || sub.isHeld ? null : sub.to;
    case 'canceling':
      return isUnderWay ? null : sub.to;
    case 'past_due':
      if (isUnderWay && !lastOf(open)!.inPerson) return null;
      return sub.step < DUNNING_MS.length ? stepOf(sub) : null;
    case 'canceled':
    case 'expired':
      return null;
  }
}

/** When the next step of dunning comes. The last one, where it charges nothing, lets its buyer pay while they can. */
function stepOf(sub: Sub): number {
  const at = sub.dunningSince! + DUNNING_MS[sub.step]!;
  const open = openOf(sub);
  const isLast = sub.step + 1 === DUNNING_MS.length;
  return isLast && open !== null && isLeftByDunning(sub, open) ? Math.max(at, lastOf(open)!.secretUntil) : at;
}

/** A step that charges nothing takes nothing away from a buyer who is there. */
export function isLeftByDunning(sub: Sub, open: Invoice): boolean {
  const last = lastOf(open);
  return chargeableOf(sub) === null && last?.status === 'pending' && last.inPerson;
}

export interface ChangeLines {
  readonly lines: readonly number[];
  readonly from: number;
  readonly to: number;
}

/** What a change at once costs. */
export function linesOf(sub: Sub, to: Price, at: number): ChangeLines {
  const length = sub.to! - sub.from!;
  const left = sub.to! - at;
  const isOtherCycle = to.cycle !== sub.cycle;
  const plan = isOtherCycle ? to.price : part(to.price, left, length);
  const back = sub.invoices
    .filter((invoice) => isPaid(invoice) && invoice.from! >= sub.from!)
    .reduce((sum, { refunded }) => sum + refunded, 0);
  const credit = Math.max(part(sub.price, left, length) - back, 0);
  const lines = [plan];
  if (credit > 0) lines.push(-credit);
  if (plan - credit < MIN_CHARGE) lines.push(MIN_CHARGE - plan + credit);
  return { lines, from: at, to: isOtherCycle ? monthsAfter(at, 12) : sub.to! };
}

/** What a wish for another price is: a word, or the code of its refusal. */
export function changeOf(
  { market }: Books,
  sub: Sub,
  to: { readonly plan: PaidPlan; readonly cycle: Cycle },
  now: number,
): string {
  if (isPhantom(sub, now)) return 'subscription_no_payment';
  if (sub.status === 'canceling' || sub.canceled !== null) return 'subscription_canceling';
  if (sub.status === 'pending_payment') return 'payment_pending';
  if (sub.status === 'past_due') return 'subscription_past_due';
  if (openOf(sub) !== null) return 'payment_pending';
  if (to.plan === sub.plan && to.cycle === sub.cycle)
    return sub.wish === null ? 'nothing_to_change' : 'taken back';
  if (market.withdrawn.has(to.plan)) return 'plan_not_offered';
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
