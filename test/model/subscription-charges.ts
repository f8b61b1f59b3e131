import { type Life, MARGIN_MS } from './subscription-run.ts';
import { end, endWaiting, failed, isGivenUp, received, voidOf } from './subscription-money.ts';
import {
  amountOf,
  type Books,
  chargeableOf,
  DUNNING_MS,
  dueOf,
  type Invoice,
  isDead,
  isLeftByDunning,
  isPaidTo,
  lastOf,
  monthsAfter,
  openOf,
  periodFrom,
  type Price,
  type Sub,
} from './subscriptions.ts';

/** A subscription as it begins. */
export const begun = (
  id: string,
  { plan, cycle, price }: Price,
  createdAt: number,
  rest: Pick<Sub, 'status' | 'trialEnd' | 'refused'>,
): Sub => ({
  ...{ id, plan, cycle, price, createdAt, moves: null, anchor: null, from: null, to: null },
  ...{
    canceled: null,
    card: null,
    dunningSince: null,
    step: 0,
    wish: null,
    ended: null,
    invoices: [],
  },
  ...rest,
});

export function invoiceOf(
  id: string,
  reason: Invoice['reason'],
  { plan, cycle, price, lines = [price] }: Price & { readonly lines?: readonly number[] },
  createdAt: number,
  rest: Partial<Pick<Invoice, 'from' | 'to' | 'quotedAt'>> = {},
): Invoice {
  return {
    ...{ id, reason, plan, cycle, price, lines, createdAt, quotedAt: null, from: null, to: null },
    ...{ status: 'open', attempts: [], refunded: 0, failedRefunds: 0, owed: null, dispute: null },
    ...rest,
  };
}

/** The card on file is charged for an open invoice, and its bank has said what it says. `isProcessed`: it has not yet. */
export async function charge(
  life: Life,
  books: Books,
  sub: Sub,
  invoice: Invoice,
  isProcessed = false,
): Promise<void> {
  const card = chargeableOf(sub);
  const says = card === null ? null : life.bank[card];
  const number = invoice.attempts.length + 1;
  const attempt = await life.attempt(invoice, number, { inPerson: false, card });
  invoice.attempts.push(attempt);
  if (says === null) return refusedNow('final');
  if (isProcessed) {
    attempt.says = says;
    return;
  }
  if (says === 'good') {
    const at = await life.paidAt(invoice);
    received(books, sub, invoice, attempt, { amount: amountOf(invoice), at, card });
    return;
  }
  return refusedNow(says === 'poor' ? 'retry' : 'final');

  async function refusedNow(kind: 'final' | 'retry'): Promise<void> {
    const isFirst = invoice.reason !== 'change' && sub.status !== 'past_due' && !isGivenUp(sub);
    const at = isFirst ? await life.pastDueSince(sub) : 0;
    failed(sub, invoice, attempt, { class: kind, at, wantsBuyer: says === 'wantsBuyer' });
  }
}

/** All that is due by now. */
export async function goOn(life: Life, books: Books, sub: Sub, isProcessed = false): Promise<void> {
  const now = await life.now();
  while (!isDead(sub)) {
    const isUnderWay = sub.invoices.some(({ attempts }) =>
      attempts.some(({ status, inPerson }) => status === 'pending' && !inPerson),
    );
    const open = openOf(sub);
    if (sub.status === 'past_due' && open !== null && !isUnderWay && isNewCard(sub, open)) {
      await charge(life, books, sub, open, isProcessed);
      continue;
    }
    if (sub.status === 'past_due' && sub.step === DUNNING_MS.length && !isUnderWay)
      return end(books, sub, 'expired', 'dunning_over');
    const dueAt = dueOf(sub);
    if (isUnderWay || dueAt === null || dueAt > now) return;
    switch (sub.status) {
      case 'pending_payment':
        return end(books, sub, 'expired', 'unpaid');
      case 'canceling':
        return end(books, sub, 'canceled', sub.canceled === 'dispute' ? 'disputed' : 'asked');
      case 'trialing':
        if (sub.canceled !== null) return end(books, sub, 'canceled', 'asked');
        if (sub.card === null) return end(books, sub, 'expired', 'trial_without_card');
        await renew(life, books, sub, 'trial_end', isProcessed);
        break;
      case 'active':
        if (openOf(sub) !== null) voidOf(sub);
        else if (sub.to! + MARGIN_MS > now) return;
        else if (isPaidTo(sub, sub.to!)) await renew(life, books, sub, 'renewal', isProcessed);
        else sub.isHeld = true;
        break;
      case 'past_due':
        await step(life, books, sub, isProcessed);
        break;
      case 'canceled':
      case 'expired':
        return;
    }
  }
}

/** It was given while another was charged: it is charged as soon as that one was refused. */
function isNewCard(sub: Sub, { attempts }: Invoice): boolean {
  const card = chargeableOf(sub);
  const isUnderWay = attempts.at(-1)?.status === 'pending';
  return card !== null && !isUnderWay && !attempts.some((attempt) => attempt.card === card);
}

/** The next period is charged. */
export async function renew(
  life: Life,
  books: Books,
  sub: Sub,
  reason: 'renewal' | 'trial_end',
  isProcessed: boolean,
): Promise<void> {
  const from = reason === 'renewal' ? sub.to! : sub.trialEnd!;
  const { plan, cycle, moves } = sub;
  const own = { plan, cycle, price: moves !== null && moves.after <= from ? moves.price : sub.price };
  const price = sub.wish ?? own;
  const months = price.cycle === 'monthly' ? 1 : 12;
  const to = reason === 'renewal' ? periodFrom(sub.anchor!, price.cycle, from).to : monthsAfter(from, months);
  const row = await life.invoiceRow(sub, sub.invoices.length + 1);
  const invoice = invoiceOf(row.id, reason, price, row.createdAt.getTime(), { from, to });
  sub.invoices.push(invoice);
  await charge(life, books, sub, invoice, isProcessed);
}

/** Each step of dunning charges the card on file, unless its bank said for good that it must not be. */
async function step(life: Life, books: Books, sub: Sub, isProcessed: boolean): Promise<void> {
  const open = openOf(sub)!;
  sub.step += 1;
  if (isLeftByDunning(sub, open) && sub.step < DUNNING_MS.length) return;
  endWaiting(open);
  if (chargeableOf(sub) !== null) await charge(life, books, sub, open, isProcessed);
  else if (lastOf(open)?.status === 'pending') throw new Error('no next charge before the last is over');
}
