import { v7 as uuidv7 } from 'uuid';
import { expect } from 'vitest';
import { type ChangePreview, previewChange } from '../../db/subscriptions/preview.ts';
import { billingTermsOf } from '../../domain/subscriptions/index.ts';
import { eventually } from '../harness/wait.ts';
import type { Deed } from '../subscriptions/story.ts';
import { begun, charge, goOn, invoiceOf } from './subscription-charges.ts';
import type { Life } from './subscription-run.ts';
import { end, endWaiting, failed, received, voidOf } from './subscription-money.ts';
import {
  amountOf,
  type Attempt,
  type Books,
  type Card,
  CARDS,
  changeOf,
  type Cycle,
  dueOf,
  todays,
  gives,
  isSamePrice,
  isPhantom,
  isCharging,
  type Invoice,
  lastOf,
  linesOf,
  liveOf,
  openOf,
  type PaidPlan,
  type Sub,
  TRIAL_MS,
} from './subscriptions.ts';
import type { Trouble } from './troubles.ts';

// What people do with their subscriptions, also where it must be refused.

export interface Troubled {
  readonly trouble: Trouble;
}
interface Wished {
  readonly plan: PaidPlan;
  readonly cycle: Cycle;
}

/** Which code an ask is refused with; null: it is done. */
function refusedAs(answer: object): string | null {
  return 'refused' in answer ? (answer.refused as { code: string }).code : null;
}

export async function subscribe(
  life: Life,
  books: Books,
  how: Wished & Troubled & { readonly trial: boolean },
): Promise<void> {
  const { plan, cycle, trial, trouble } = how;
  await life.within(books, trouble, async () => {
    const live = liveOf(books);
    const today = todays(books, plan, cycle);
    const isAgain = live?.status === 'pending_payment' && isSamePrice(live, today) && !trial;
    const stays = live !== null && whyItStays(live, await life.now());
    const refusal = books.market.withdrawn.has(plan)
      ? 'plan_not_offered'
      : stays
        ? 'subscription_exists'
        : trial && plan === 'creator'
          ? 'trial_not_offered'
          : trial && books.hadTrial
            ? 'trial_already_used'
            : null;
    if (live !== null && isAgain && refusal === null) return askAgain(life, live, openOf(live)!, () => ask());
    const answer = await ask();
    expect(refusedAs(answer), JSON.stringify(answer)).toBe(refusal);
    if (!('done' in answer)) return;
    if (live !== null) replace(books, live);
    const { subscriptionId: id } = answer.done;
    const createdAt = (await life.of.row(id)).createdAt.getTime();
    const sub = begun(id, today, createdAt, {
      refused: books.refused,
      status: trial ? 'trialing' : 'pending_payment',
      trialEnd: trial ? createdAt + TRIAL_MS : null,
    });
    books.subs.push(sub);
    if (trial) books.hadTrial = true;
    else {
      const invoice = invoiceOf(answer.done.invoiceId!, 'first', today, createdAt);
      sub.invoices.push(invoice);
      invoice.attempts.push(await life.attempt(invoice, 1, { inPerson: true, card: null }));
    }
  });

  function ask() {
    return life.subscribe({ planId: plan, billingCycle: cycle, trial });
  }
}

/** Why another one cannot take its place: it is paid, or was. */
export const whyItStays = (live: Sub, now: number): boolean =>
  live.status !== 'pending_payment' && live.plan !== 'free' && !isPhantom(live, now);

/** A new one takes the place of one that nobody paid. */
export function replace(books: Books, live: Sub): void {
  if (live.status === 'pending_payment' || live.plan === 'free') end(books, live, 'canceled', 'replaced');
  else end(books, live, 'expired', 'phantom');
}

/** Somebody wants to pay an open invoice: by the payment that waits for them while its secret lives, else by the next. */
async function askAgain(life: Life, sub: Sub, invoice: Invoice, ask: () => Promise<object>): Promise<void> {
  const last = lastOf(invoice);
  const isKept = last?.status === 'pending' && (await isSecretAlive(life, last));
  const answer = await ask();
  expect(refusedAs(answer), JSON.stringify(answer)).toBeNull();
  expect((answer as { done: { subscriptionId: string } }).done.subscriptionId).toBe(sub.id);
  if (isKept) return;
  endWaiting(invoice);
  const number = invoice.attempts.length + 1;
  invoice.attempts.push(await life.attempt(invoice, number, { inPerson: true, card: null }));
}

async function isSecretAlive(life: Life, { id }: Attempt): Promise<boolean> {
  const row = await life.attemptRow(id);
  const expiresAt = row?.clientSecretExpiresAt?.getTime() ?? 0;
  return expiresAt - (await life.now()) > 60_000;
}

/** The payment that waits for its person. */
export function waitingOf(books: Books): { sub: Sub; invoice: Invoice; attempt: Attempt } | null {
  const sub = liveOf(books);
  const invoice = sub && openOf(sub);
  const attempt = invoice && lastOf(invoice);
  return sub && invoice && attempt?.status === 'pending' && attempt.inPerson
    ? { sub, invoice, attempt }
    : null;
}

export async function pay(
  life: Life,
  books: Books,
  { sub, invoice, attempt }: NonNullable<ReturnType<typeof waitingOf>>,
  how: Troubled & {
    readonly how: 'pays' | 'pays, card not kept' | 'other amount' | 'declined';
    readonly card: Card;
  },
): Promise<void> {
  const { control } = life.world.psp;
  await life.within(books, how.trouble, async () => {
    if (how.how === 'declined') {
      control.fail(attempt.id, 'Your card was declined.', { declineCode: 'lost_card' });
      failed(sub, invoice, attempt, { class: 'final', at: 0 });
      return;
    }
    const isOther = how.how === 'other amount';
    const amount = amountOf(invoice) + (isOther ? 1 : 0);
    const accepts = how.how !== 'pays, card not kept';
    control.pay(attempt.id, { card: CARDS[how.card], accepts, amountReceivedMinor: amount });
    const at = isOther ? 0 : await life.paidAt(invoice);
    received(books, sub, invoice, attempt, { amount, at, card: accepts ? how.card : null });
    await goOn(life, books, sub);
  });
}

export async function payInPerson(life: Life, books: Books, how: Troubled): Promise<void> {
  const sub = liveOf(books)!;
  const open = openOf(sub);
  await life.within(books, how.trouble, async () => {
    const last = open && lastOf(open);
    const isCharged = last?.status === 'pending' && !last.inPerson;
    if (open === null || isCharged || sub.status === 'canceling') {
      const answer = await ask();
      // What was cancelled renews only by a charge that was under way.
      const refusal = isCharged && sub.status !== 'canceling' ? 'payment_pending' : 'invoice_not_payable';
      return expect(refusedAs(answer), JSON.stringify(answer)).toBe(refusal);
    }
    await askAgain(life, sub, open, ask);
  });
  function ask() {
    return life.ask(sub, { do: 'pay' });
  }
}

export async function cancel(
  life: Life,
  books: Books,
  how: Troubled & { readonly isAskedTwice: boolean },
): Promise<void> {
  const sub = liveOf(books)!;
  await life.within(books, how.trouble, async () => {
    const now = await life.now();
    const isPhantomNow = isPhantom(sub, now);
    const answer = await askOnceOrTwice(life, sub, { do: 'cancel' }, how);
    const isCanceled = sub.status === 'canceling' || sub.canceled !== null;
    expect(refusedAs(answer), JSON.stringify(answer)).toBe(isCanceled ? 'not_cancellable' : null);
    if (isCanceled) return;
    if (sub.status === 'pending_payment' || sub.status === 'past_due') {
      end(books, sub, 'canceled', 'asked');
      return;
    }
    if (isPhantomNow) {
      end(books, sub, 'expired', 'phantom');
      return;
    }
    const open = openOf(sub);
    const isInFlight = open !== null && open.reason !== 'change' && lastOf(open)?.status === 'pending';
    if (!isInFlight) voidOf(sub);
    Object.assign(sub, { canceled: 'person', wish: null });
    if (sub.status === 'active') sub.status = 'canceling';
    await goOn(life, books, sub);
  });
}

export async function reactivate(life: Life, books: Books, how: Troubled): Promise<void> {
  const sub = liveOf(books)!;
  await life.within(books, how.trouble, async () => {
    const answer = await life.ask(sub, { do: 'reactivate' });
    const until = sub.status === 'trialing' ? sub.trialEnd! : sub.to!;
    const isDisputed = sub.invoices.some(({ dispute, lost }) => dispute !== null || lost);
    const isPossible = sub.canceled === 'person' && !isDisputed && (await life.now()) < until;
    expect(refusedAs(answer), JSON.stringify(answer)).toBe(isPossible ? null : 'not_reactivatable');
    if (!isPossible) return;
    sub.canceled = null;
    if (sub.status === 'canceling') sub.status = 'active';
  });
}

export async function change(
  life: Life,
  books: Books,
  how: Wished & Troubled & { readonly isAskedTwice: boolean; readonly isPreviewed: boolean },
): Promise<void> {
  const sub = liveOf(books)!;
  await life.within(books, how.trouble, async () => {
    const price = { planId: how.plan, billingCycle: how.cycle };
    const preview = how.isPreviewed ? await previewed(life, sub, price) : null;
    const to = todays(books, how.plan, how.cycle);
    const what = changeOf(books, sub, how, await life.now());
    const prorationAt = preview?.prorationAt.toISOString();
    const wish = { do: 'change', ...price, ...(prorationAt !== undefined && { prorationAt }) } as const;
    const answer = await askOnceOrTwice(life, sub, wish, how);
    const isDone = what === 'at once' || what === 'at the end' || what === 'taken back';
    expect(refusedAs(answer), JSON.stringify(answer)).toBe(isDone ? null : what);
    if (what === 'taken back') sub.wish = null;
    if (what === 'at the end') sub.wish = to;
    if (what !== 'at once') return;
    const row = await life.invoiceRow(sub, sub.invoices.length + 1);
    const [quoted] = await life.world.database.sql<{ ms: number }[]>`
      SELECT (extract(epoch FROM quoted_at) * 1000)::float8 AS ms FROM subscription_changes WHERE invoice_id = ${row.id}`;
    const quote = linesOf(sub, to, quoted!.ms);
    if (preview !== null) {
      expect(quoted!.ms).toBe(preview.prorationAt.getTime());
      expect(preview.lines.map(({ amountMinor }) => amountMinor)).toEqual(quote.lines);
    }
    const rest = { from: quote.from, to: quote.to, quotedAt: quoted!.ms };
    const invoice = invoiceOf(row.id, 'change', { ...to, lines: quote.lines }, row.createdAt.getTime(), rest);
    sub.invoices.push(invoice);
    await charge(life, books, sub, invoice);
  });
}

/** What a change would cost now; a few minutes later it still does. */
async function previewed(
  life: Life,
  sub: Sub,
  price: { readonly planId: PaidPlan; readonly billingCycle: Cycle },
): Promise<ChangePreview | null> {
  const { world, person } = life;
  const preview = await previewChange(
    world.database.db,
    { userId: person.id, ...price },
    billingTermsOf(world.config),
  );
  const now = await life.now();
  const laterAt = now + 5 * 60_000;
  if ((dueOf(sub) ?? Infinity) > laterAt) await life.moveTo(laterAt);
  return 'when' in preview && preview.when === 'at_once' ? preview : null;
}

/** Whoever asks again under the ask's id is told the same. */
async function askOnceOrTwice(
  life: Life,
  sub: Sub,
  deed: Deed,
  { isAskedTwice }: { readonly isAskedTwice: boolean },
): Promise<object> {
  const askId = uuidv7();
  const answer = await life.ask(sub, deed, askId);
  if (!isAskedTwice) return answer;
  const again = await life.ask(sub, deed, askId);
  const kept = (said: object) => ({ ...said, psp: null });
  expect(kept(again)).toEqual(kept(answer));
  return answer;
}

/** Another card is put on file. */
export async function newCard(
  life: Life,
  books: Books,
  how: Troubled & { readonly card: Card },
): Promise<void> {
  const sub = liveOf(books)!;
  await life.within(books, how.trouble, async () => {
    const answer = await life.ask(sub, { do: 'payment_method' });
    const refusal = sub.status === 'pending_payment' ? 'payment_pending' : null;
    expect(refusedAs(answer), JSON.stringify(answer)).toBe(refusal);
    if (!('done' in answer)) return;
    const setupId = answer.done.setupId!;
    life.setups.add(setupId);
    await eventually(() => expect(life.world.psp.control.hasPayment(setupId)).toBe(true));
    life.world.psp.control.pay(setupId, { card: CARDS[how.card] });
    gives(sub, how.card, null);
    const open = openOf(sub);
    // What is charged already is awaited; where that is refused, the new card is next.
    if (sub.status !== 'past_due' || open === null || isCharging(lastOf(open))) return;
    endWaiting(open);
    await charge(life, books, sub, open);
  });
}
