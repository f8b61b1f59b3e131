import { WorkflowNotFoundError } from '@temporalio/client';
import { sql } from 'drizzle-orm';
import { expect } from 'vitest';
import { eventually } from '../harness/wait.ts';
import { goOn, renew } from './subscription-charges.ts';
import type { Troubled } from './subscription-deeds.ts';
import { type Life, MARGIN_MS } from './subscription-run.ts';
import {
  isGivenUp,
  end,
  endWaiting,
  failed,
  givenBack,
  received,
  recogniseAll,
  voidOf,
} from './subscription-money.ts';
import {
  amountOf,
  type Attempt,
  type Books,
  type Card,
  CARDS,
  endingOf,
  GRACE_MS,
  type Invoice,
  isDead,
  isPaid,
  lastOf,
  liveOf,
  openOf,
  type Sub,
} from './subscriptions.ts';

// What operators, banks, the PSP and time do.

/** Its workflow is gone: whoever has something to tell it starts another. */
export async function loseWorkflow(life: Life, books: Books): Promise<void> {
  const { id } = liveOf(books)!;
  try {
    await life.world.temporal.workflow.getHandle(`subscription/${id}`).terminate('the model says so');
  } catch (error) {
    // It is lost already, and nobody has started another.
    if (!(error instanceof WorkflowNotFoundError)) throw error;
  }
}

/** From now on the bank says something else about the card on file. */
export async function bankSays(life: Life, sub: Sub, says: Card): Promise<void> {
  const { control } = life.world.psp;
  const charges = {
    good: 'succeed',
    poor: { declineCode: 'insufficient_funds' },
    lost: { declineCode: 'lost_card' },
    wantsBuyer: 'want_buyer',
  } as const;
  const last4 = CARDS[sub.card!].slice(-4);
  const method = control.methods(life.person.id).find(({ card }) => card.last4 === last4)!;
  control.setMethod(method.payment_method_id, { charges: charges[says] });
  life.bank[sub.card!] = says;
}

/** The PSP decides a charge that it was processing. */
export async function decide(
  life: Life,
  books: Books,
  { sub, invoice, attempt }: Target,
  how: Troubled,
): Promise<void> {
  await life.within(books, how.trouble, async () => {
    life.world.psp.control.settleCharge(attempt.id);
    const says = attempt.says!;
    if (says === 'good') {
      const isTaken = invoice.status === 'open';
      const at = isTaken ? await life.paidAt(invoice) : 0;
      received(books, sub, invoice, attempt, { amount: amountOf(invoice), at, card: attempt.card });
    } else {
      const isFirst = invoice.status === 'open' && sub.status !== 'past_due' && !isGivenUp(sub);
      const at = isFirst && invoice.reason !== 'change' ? await life.pastDueSince(sub) : 0;
      const wantsBuyer = says === 'wantsBuyer';
      // What nobody wanted any more may have been ended before we knew that its bank wants the buyer.
      const isEnding = wantsBuyer && invoice.status !== 'open';
      const said = isEnding ? await life.classOf(attempt) : says === 'poor' ? 'retry' : 'final';
      failed(sub, invoice, attempt, { class: said, at, wantsBuyer });
    }
    await goOn(life, books, sub);
  });
}

export interface Target {
  readonly sub: Sub;
  readonly invoice: Invoice;
  readonly attempt: Attempt;
}

/** An attempt that has failed succeeds after all. */
export async function lateSuccess(
  life: Life,
  books: Books,
  { sub, invoice, attempt }: Target,
  how: Troubled,
): Promise<void> {
  await life.within(books, how.trouble, async () => {
    const card = attempt.inPerson ? 'good' : attempt.card!;
    life.world.psp.control.pay(attempt.id, attempt.inPerson ? { card: CARDS.good } : {});
    const at = invoice.status === 'open' ? await life.paidAt(invoice) : 0;
    received(books, sub, invoice, attempt, { amount: amountOf(invoice), at, card });
    endWaiting(invoice);
    await goOn(life, books, sub);
  });
}

export interface Paid {
  readonly sub: Sub;
  readonly invoice: Invoice;
}
export const leftOf = (invoice: Invoice) => amountOf(invoice) - invoice.refunded;
const paymentOf = ({ attempts }: Invoice) => attempts.find(({ status }) => status === 'succeeded')!.id;

/** An admin gives back money of an invoice, also where that must be refused. */
export async function refund(
  life: Life,
  books: Books,
  { sub, invoice }: Paid,
  how: Troubled & { readonly amount: number | null; readonly endAccess: boolean; readonly fails: boolean },
): Promise<void> {
  const { control } = life.world.psp;
  const amount = how.amount ?? leftOf(invoice);
  const refusal =
    !isPaid(invoice) || leftOf(invoice) === 0
      ? 'invoice_not_refundable'
      : invoice.dispute !== null
        ? 'invoice_disputed'
        : null;
  await life.within(books, how.trouble, async () => {
    if (how.fails && refusal === null)
      control.addFault({
        kind: 'refundOutcome',
        outcome: 'failed',
        where: { payment_id: paymentOf(invoice) },
      });

    expect(await life.refund(invoice, how)).toBe(refusal);
    if (refusal !== null) return;
    if (how.fails) {
      invoice.failedRefunds += 1;
      // It might have ended it: a change that waited for its money was given up.
      const mightEnd = how.endAccess || amount === leftOf(invoice);
      const isEnding = mightEnd && endingOf(sub, await life.now()) === invoice;
      if (isEnding && openOf(sub)?.reason === 'change') voidOf(sub);
      return;
    }
    await booked(life, invoice, amount);
    givenBack(books, sub, invoice, {
      amount,
      endsAccess: how.endAccess,
      kind: 'refund',
      at: await life.now(),
    });
  });
}

/** The invoice's row says that so much more went back. */
const booked = (life: Life, invoice: Invoice, amount: number) =>
  eventually(async () => {
    const [row] = await life.world.database.db.execute<{ minor: number }>(
      sql`SELECT refunded_minor::float8 AS minor FROM invoices WHERE id = ${invoice.id}`,
    );
    expect(row?.minor).toBe(invoice.refunded + amount);
  });

/** Somebody gives money of an invoice back in the PSP's dashboard. */
export async function external(
  life: Life,
  books: Books,
  { sub, invoice }: Paid,
  how: Troubled & { readonly amount: number },
): Promise<void> {
  await life.within(books, how.trouble, async () => {
    life.world.psp.control.createExternalRefund(paymentOf(invoice), how.amount);
    await booked(life, invoice, how.amount);
    givenBack(books, sub, invoice, { ...how, endsAccess: false, kind: 'refund', at: await life.now() });
  });
}

export async function openDispute(
  life: Life,
  books: Books,
  { sub, invoice }: Paid,
  how: Troubled & { readonly amount: number },
): Promise<void> {
  await life.within(books, how.trouble, async () => {
    const { dispute_id: id } = life.world.psp.control.openDispute(paymentOf(invoice), how.amount);
    invoice.dispute = { id, amount: how.amount };
    await disputeIs(life, id, 'open');
    disputed(books, sub);
    await goOn(life, books, sub);
  });
}

function disputed(books: Books, sub: Sub): void {
  if (sub.status === 'past_due') return end(books, sub, 'canceled', 'disputed');
  if (sub.status !== 'active') return;
  const open = openOf(sub);
  // A change is given up; a renewal that is charged runs to the end of what it pays.
  if (open !== null && (open.reason === 'change' || lastOf(open)?.status !== 'pending')) voidOf(sub);
  Object.assign(sub, { status: 'canceling', canceled: 'dispute' });
}

export async function closeDispute(
  life: Life,
  books: Books,
  { sub, invoice }: Paid,
  how: Troubled & { readonly end: 'won' | 'lost' },
): Promise<void> {
  const { id, amount } = invoice.dispute!;
  await life.within(books, how.trouble, async () => {
    life.world.psp.control.closeDispute(id, how.end);
    invoice.dispute = null;
    await disputeIs(life, id, how.end);
    if (how.end === 'lost') {
      givenBack(books, sub, invoice, { amount, endsAccess: true, kind: 'dispute', at: await life.now() });
      invoice.lost = true;
      if (!isDead(sub)) disputed(books, sub);
    } else if (sub.status === 'canceling' && sub.canceled === 'dispute') {
      const isDisputed = sub.invoices.some(({ dispute, lost }) => dispute !== null || lost);
      if (!isDisputed) Object.assign(sub, { status: 'active', canceled: null });
    }
    await goOn(life, books, sub);
  });
}

const disputeIs = (life: Life, id: string, status: string) =>
  eventually(async () => {
    const rows = await life.world.database.sql<{ status: string }[]>`
      SELECT status FROM disputes WHERE provider_dispute_id = ${id}`;
    expect(rows.map((row) => row.status)).toEqual([status]);
  });

/** The daily recognition of revenue, for everybody. */
export async function recognise(life: Life, books: Books): Promise<void> {
  await life.within(books, 'none', async () => {
    const { world } = life;
    await world.temporal.workflow.execute('revenue', {
      taskQueue: world.config.TEMPORAL_BILLING_TASK_QUEUE,
      workflowId: `revenue/${life.person.id}/${books.commands.length}`,
      args: [{}],
    });
    recogniseAll(books, await life.now());
  });
}

/** Time goes on until something is due, or not quite. */
export async function timePasses(
  life: Life,
  books: Books,
  how: Troubled & { readonly share: number; readonly isProcessed: boolean; readonly killsWorker?: boolean },
): Promise<void> {
  const { control } = life.world.psp;
  const sub = liveOf(books)!;
  await life.within(books, how.trouble, async () => {
    control.setChargeMode(how.isProcessed ? 'processing' : 'sync');
    try {
      await life.passUntilDue(books, how.share);
      if (how.killsWorker) {
        await life.world.killWorkerProcess();
        await life.world.startWorkerProcess();
      }
      await goOn(life, books, sub, how.isProcessed);
    } finally {
      control.setChargeMode('sync');
    }
  });
}

/**
 * The PSP is down when a renewal is due, and for longer than the grace: access stays that long, then a person is told. When it
 * is back, there is one charge.
 */
export async function pspIsDown(life: Life, books: Books, sub: Sub): Promise<void> {
  const { database, psp } = life.world;
  await life.within(books, 'none', async () => {
    const down = psp.control.addFault({ kind: 'status', status: 503, match: /^payments\./, times: 'always' });
    try {
      const until = sub.to! + GRACE_MS;
      await life.passUntilDue(books, 1);
      const { id } = await life.invoiceRow(sub, sub.invoices.length + 1);
      await life.read('an ask', async () => (await life.attemptRow(id))?.askedAt);
      await sees(life, true);
      await life.moveTo(until + MARGIN_MS);
      await life.wake(sub);
      await sees(life, false);
      await eventually(async () => {
        const flags = await database.sql<{ kind: string }[]>`
          SELECT kind FROM ops_flags WHERE subject = ${`subscription/${sub.id}`} AND cleared_at IS NULL`;
        expect(flags.map(({ kind }) => kind)).toContain('renewal_unanswered');
      });
    } finally {
      psp.control.clearFaults(down);
    }
    await life.retry(sub);
    await renew(life, books, sub, 'renewal', false);
    await goOn(life, books, sub);
  });
}

const sees = ({ world, person }: Life, hasAccess: boolean) =>
  eventually(async () => {
    const { body } = await world.get(person, '/me/subscription');
    expect({ has: body.subscription !== null, asked: body.needs_payment }).toEqual({
      has: hasAccess,
      asked: !hasAccess,
    });
  });
