import {
  amountOf,
  type Attempt,
  type Books,
  type Card,
  type Cycle,
  endingOf,
  GRACE_MS,
  gives,
  type Invoice,
  isDead,
  isSamePrice,
  lastOf,
  lengthOf,
  monthsAfter,
  openOf,
  type Owed,
  part,
  periodFrom,
  type Sub,
} from './subscriptions.ts';

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
  // The card that its holder gave last is charged from now on, whatever succeeds later.
  if (how.card !== null && attempt.inPerson && attempt.isOutdated !== true) gives(sub, how.card, attempt);
}

function take(books: Books, sub: Sub, invoice: Invoice, at: number): void {
  const amount = amountOf(invoice);
  const isOtherCycle = invoice.reason === 'change' && invoice.cycle !== sub.cycle;
  let moved = 0;
  if (sub.status === 'pending_payment' || sub.status === 'past_due') begin(sub, at, invoice.cycle);
  else if (invoice.reason === 'trial_end')
    begin(sub, at >= sub.trialEnd! + GRACE_MS ? at : sub.trialEnd!, invoice.cycle);
  else if (isOtherCycle) {
    const quotedAt = invoice.quotedAt!;
    for (const { owed } of sub.invoices) {
      if (owed === null) continue;
      earn(books, owed, quotedAt);
      moved += owed.amount - owed.earned;
      owed.amount = owed.earned;
    }
    begin(sub, quotedAt, invoice.cycle);
  } else if (invoice.reason === 'renewal' && at >= invoice.from! + GRACE_MS) {
    // There was no access between the grace and the payment.
    begin(sub, at, invoice.cycle);
  } else if (invoice.reason === 'renewal') {
    const next = periodFrom(sub.anchor!, invoice.cycle, invoice.from!);
    Object.assign(sub, { anchor: next.anchor, from: invoice.from, to: next.to });
  }
  if (invoice.reason !== 'change' || isOtherCycle) Object.assign(invoice, { from: sub.from, to: sub.to });
  invoice.owed = { amount: amount + moved, earned: 0, from: invoice.from!, to: invoice.to! };
  invoice.status = 'paid';
  books.cash += amount;
  books.deferred += amount;
  const isWished = sub.wish !== null && isSamePrice(sub.wish, invoice);
  // An upgrade ends a wish for less.
  if (isWished || invoice.reason === 'change') sub.wish = null;
  // It has moved, or what it was moved from is left.
  if (!isSamePrice(sub, invoice)) sub.moves = null;
  sub.status = sub.canceled === null ? 'active' : 'canceling';
  const { plan, cycle, price } = invoice;
  Object.assign(sub, { plan, cycle, price, dunningSince: null, step: 0 });
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
  if (isGivenUp(sub)) return voidOf(sub);
  if (sub.status !== 'past_due') Object.assign(sub, { status: 'past_due', dunningSince: at, step: 0 });
}

/** Who cancelled while it was charged is not asked for it again. */
export const isGivenUp = (sub: Sub) => sub.status !== 'past_due' && sub.canceled !== null;

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
  const ending = endingOf(sub, how.at);
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
    how.kind === 'dispute' && ending !== null && invoice.from! < sub.to! && sub.from! < invoice.to!;
  if (isLost || (ending === invoice && (isWhole || how.endsAccess)))
    end(books, sub, 'expired', how.kind === 'dispute' ? 'dispute_lost' : 'refunded');
}
