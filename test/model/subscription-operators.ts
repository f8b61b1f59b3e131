import { v7 as uuidv7 } from 'uuid';
import { expect } from 'vitest';
import { begun, charge, goOn } from './subscription-charges.ts';
import { end, voidOf } from './subscription-money.ts';
import type { Paid } from './subscription-outside.ts';
import type { Life } from './subscription-run.ts';
import {
  type Books,
  chargeableOf,
  CYCLES,
  isPhantom,
  lastOf,
  liveOf,
  monthsAfter,
  type PaidPlan,
  type Sub,
  todays,
} from './subscriptions.ts';

// What operators do, also where it must be refused.

const DAY_MS = 86_400_000;
/** Who pays a higher price has known of it for so long. */
const NOTICE_MS = 30 * DAY_MS;
const PHANTOM_AFTER_MS = DAY_MS;

export async function chargeNow(life: Life, books: Books, { sub, invoice }: Paid): Promise<void> {
  await life.within(books, 'none', async () => {
    const isUnderWay = lastOf(invoice)?.status === 'pending';
    const refusal =
      invoice.status !== 'open'
        ? 'invoice_not_payable'
        : isUnderWay
          ? null
          : sub.status !== 'past_due'
            ? 'invoice_not_payable'
            : chargeableOf(sub) === null
              ? 'payment_method_required'
              : null;
    expect(await life.act('charge_now', `invoice/${invoice.id}`)).toBe(refusal);
    if (refusal !== null || isUnderWay) return;
    await charge(life, books, sub, invoice);
    await goOn(life, books, sub);
  });
}

export async function voidInvoice(life: Life, books: Books, { sub, invoice }: Paid): Promise<void> {
  await life.within(books, 'none', async () => {
    const isOpen = invoice.status === 'open';
    expect(await life.act('void_invoice', `invoice/${invoice.id}`)).toBe(
      isOpen ? null : 'invoice_not_payable',
    );
    if (!isOpen) return;
    if (invoice.reason === 'change') voidOf(sub);
    else end(books, sub, 'expired', 'ended_by_operator');
    await goOn(life, books, sub);
  });
}

export async function endNow(life: Life, books: Books, sub: Sub): Promise<void> {
  await life.within(books, 'none', async () => {
    const refusal = sub.plan === 'free' || sub.ended !== null ? 'not_cancellable' : null;
    expect(await life.act('end_now', `subscription/${sub.id}`)).toBe(refusal);
    if (refusal === null) end(books, sub, 'expired', 'ended_by_operator');
  });
}

export async function movePrice(life: Life, books: Books, sub: Sub): Promise<void> {
  await life.within(books, 'none', async () => {
    const renews = sub.status === 'trialing' || sub.status === 'active' || sub.status === 'past_due';
    const price = sub.plan === 'free' ? null : todays(books, sub.plan, sub.cycle).price;
    const isNew = renews && price !== null && price !== sub.price && price !== sub.moves?.price;
    const after = (await life.now()) + NOTICE_MS;
    expect(await life.act('move_price', `subscription/${sub.id}`)).toBe(isNew ? null : 'nothing_to_change');
    if (isNew) sub.moves = { price, after };
  });
}

/** A row says that it is in force, and nothing was ever paid for it. */
export async function makePhantom(life: Life, books: Books, plan: PaidPlan): Promise<void> {
  await life.within(books, 'none', async () => {
    const id = uuidv7();
    const from = (await life.now()) - 3 * DAY_MS;
    const to = monthsAfter(from, 1);
    const [cycle] = CYCLES;
    const at = (ms: number) => new Date(ms).toISOString();
    await life.world.database.sql`
      INSERT INTO subscriptions (id, user_id, price_id, status, anchor_at, current_period_start, current_period_end,
        next_due_at, created_at)
      SELECT ${id}, ${life.person.id}, id, 'active', ${at(from)}, ${at(from)}, ${at(to)}, ${at(to)}, ${at(from)}
      FROM plan_prices WHERE plan_id = ${plan} AND billing_cycle = ${cycle!} AND valid_until IS NULL`;
    const sub = begun(id, todays(books, plan, cycle!), from, {
      status: 'active',
      trialEnd: null,
      refused: books.refused,
    });
    books.subs.push(Object.assign(sub, { anchor: from, from, to, isMadeUp: true }));
  });
}

/** The sweep of phantoms, which ends what nobody paid; a dry run only counts. */
export async function sweepPhantoms(life: Life, books: Books, isDry: boolean): Promise<void> {
  await life.within(books, 'none', async () => {
    const now = await life.now();
    const sub = liveOf(books);
    const isFound = sub !== null && isPhantom(sub, now) && sub.createdAt < now - PHANTOM_AFTER_MS;
    const { engine } = life.world;
    await engine.startPhantomSweep(isDry);
    expect(await engine.phantomReport(isDry)).toMatchObject({ expired: isFound ? 1 : 0, paid: 0 });
    if (isFound && !isDry) end(books, sub, 'expired', 'phantom');
  });
}
