import { afterAll, beforeAll, expect, it } from 'vitest';
import { billingMs, periodOf } from '../../domain/subscriptions/index.ts';
import { expectCleanBooks } from '../harness/books.ts';
import { eventually } from '../harness/wait.ts';
import { World } from '../harness/world.ts';
import { subscriptionsOf } from './story.ts';

const MONTHS = 13;
/** However busy the machine is. */
const WAIT_MS = 60_000;
/** A month passes in some two seconds. */
const TIME = { scale: 1_300_000, startMs: Date.now() };

let world: World;
let of: ReturnType<typeof subscriptionsOf>;
beforeAll(async () => {
  world = await World.create({
    worker: false,
    env: {
      BILLING_TIME_SCALE: String(TIME.scale),
      BILLING_TIME_START: new Date(TIME.startMs).toISOString(),
      SUBSCRIPTION_PAYMENT_TIMEOUT: '3650d',
      SUBSCRIPTION_RENEWAL_GRACE: '3650d',
      // What sellers are owed is another subject's: a worker without it starts sooner.
      TRANSFER_RETRY_WORKER_ENABLED: 'false',
      REVERSAL_WORKER_ENABLED: 'false',
    },
  });
  of = subscriptionsOf(world);
});
afterAll(() => world.close());

/** A worker that gets ready meanwhile; who waits for it hears where it cannot. */
function readySoon(): Promise<void> {
  const ready = world.startWorkerProcess();
  ready.catch(() => undefined);
  return ready;
}

it('thirteen months in scaled time, worker killed each month: thirteen charges', async () => {
  await world.startWorkerProcess();
  // Two get ready while one is at work: a month is shorter than the start of a process.
  const ready = [readySoon(), readySoon()];
  const { id, person } = await of.active();
  const paidMonths = async () => (await of.invoicesOf(id)).filter(({ status }) => status === 'paid').length;
  for (let month = 1; month <= MONTHS; month += 1) {
    await eventually(async () => expect(await paidMonths()).toBeGreaterThanOrEqual(month), WAIT_MS);
    // It dies asleep, or in the middle of what it does, which the engine hands out again after some seconds.
    await ready.shift();
    await world.killWorkerProcess();
    if (month + ready.length < MONTHS) ready.push(readySoon());
  }
  await Promise.all(ready);
  // The worker that was killed last may hold the workflow's task for longer than an ask is waited for.
  expect(await of.answered(id, { do: 'cancel' })).toMatchObject({ done: { subscriptionId: id } });
  await world.finished(`subscription/${id}`);
  expect((await of.row(id)).status).toBe('canceled');
  const { anchorAt } = await of.row(id);
  const invoices = (await of.invoicesOf(id)).filter(({ status }) => status === 'paid');
  for (const [index, invoice] of invoices.entries()) {
    const { startMs, endMs } = periodOf(anchorAt!.getTime(), 'monthly', index);
    expect(invoice).toMatchObject({
      periodStart: new Date(startMs),
      periodEnd: new Date(endMs),
      amountMinor: 999,
    });
    expect(invoice.periodStart!.getTime()).toBeLessThanOrEqual(billingMs(TIME, Date.now()));
  }
  const captured = world.psp.control
    .payments()
    .filter(({ customer_id, status }) => customer_id === person.id && status === 'succeeded');
  // One charge a month, and none twice.
  expect(captured).toHaveLength(invoices.length);
  expect(new Set(invoices.map(({ hyperswitchPaymentId }) => hyperswitchPaymentId)).size).toBe(
    invoices.length,
  );
  expect(invoices.length).toBeGreaterThanOrEqual(MONTHS);
  expect(world.psp.control.refunds()).toEqual([]);
  await eventually(() => expectCleanBooks(world));
}, 480_000);
