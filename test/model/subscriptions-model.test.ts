import { WorkflowNotFoundError } from '@temporalio/client';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { expectProvidersAgree } from '../harness/agreement.ts';
import { expectCleanBooks } from '../harness/books.ts';
import { installMovedClock } from '../harness/moved-clock.ts';
import { eventually } from '../harness/wait.ts';
import { World } from '../harness/world.ts';
import { commandsMax, live, type Lives, livesMaxMs } from './lives.ts';
import { ALL, payments, subscribes } from './subscription-commands.ts';
import type { SubscriptionCommand } from './subscription-picks.ts';
import { cancel } from './subscription-deeds.ts';
import { closeDispute, decide, timePasses } from './subscription-outside.ts';
import { leaveFree } from './subscription-free.ts';
import { Life } from './subscription-run.ts';
import { type Books, liveOf } from './subscriptions.ts';

// Random lives of a subscriber, over the real engine, database and PSP's stand-in, against a model of what plans, invoices
// and their money must do. The database's clock is moved on, so that each life takes months or years. After each command
// the rows, the gate, the ledger and the PSP's books must come to show what the model foretells.

/** Days on which months are counted from: long and short ones, a leap day, nights in which clocks change. */
const DAYS = [
  [1, 31],
  [2, 29],
  [3, 29],
  [5, 15],
  [8, 31],
  [10, 25],
  [12, 30],
] as const;

let world: World;
beforeAll(async () => {
  world = await World.create({
    prepare: installMovedClock,
    // In a process of its own, which is killed now and then.
    worker: false,
    env: {
      FOUR_EYES_ABOVE_MINOR: '100000000',
      // A refusal after an answer that was lost is believed within a test's time.
      PSP_READ_LAG: '500ms',
    },
  });
  await world.startWorkerProcess();
});
afterAll(() => world.close());

/** FC_RUNS=100 takes about ten minutes. */
const MODEL: Lives<Books, Life, Drawn> = {
  name: 'subscriptions model',
  seed: 20_269,
  runs: 5,
  drawn: fc.record({
    day: fc.constantFrom(...DAYS),
    first: fc.tuple(subscribes, payments),
    // Those that have nothing to be done to are passed over.
    commands: fc.array(fc.oneof(...ALL), { minLength: 16, maxLength: commandsMax(32), size: 'max' }),
  }),
  begin: (at, { day }) => Life.begin(at, day),
  commandsOf: ({ first, commands }) => [...first, ...commands],
  endWell,
  calmDown({ psp }) {
    psp.control.clearFaults();
    psp.control.setChargeMode('sync');
  },
};

interface Drawn {
  readonly day: (typeof DAYS)[number];
  readonly first: readonly SubscriptionCommand[];
  readonly commands: readonly SubscriptionCommand[];
}

it(
  'whatever happens, in whatever order and trouble, nobody has a plan without its money, or pays twice for it',
  () => live(world, MODEL),
  livesMaxMs(MODEL),
);

/** Everything that was left open ends, and its money is where it must be. */
async function endWell(life: Life, books: Books): Promise<void> {
  for (const sub of books.subs) {
    for (const invoice of sub.invoices) {
      for (const attempt of invoice.attempts) {
        if (attempt.status === 'pending' && !attempt.inPerson)
          await decide(life, books, { sub, invoice, attempt }, { trouble: 'none' });
      }
      if (invoice.dispute !== null)
        await closeDispute(life, books, { sub, invoice }, { end: 'won', trouble: 'none' });
    }
  }
  const sub = liveOf(books);
  if (sub?.plan === 'free') await leaveFree(life, books);
  else if (sub !== null && sub.canceled === null)
    await cancel(life, books, { isAskedTwice: false, trouble: 'none' });
  if (liveOf(books) !== null)
    await timePasses(life, books, { share: 1, isProcessed: false, trouble: 'none' });
  expect(liveOf(books)).toBeNull();
  expect(books.deferred, 'nothing is owed any more').toBe(0);
  // Free has no workflow, and a phantom only if somebody told it something.
  for (const { id, plan, isMadeUp } of books.subs) if (plan !== 'free') await ended(id, isMadeUp);
  await expectCleanBooks(world);
  await expectProvidersAgree(world);
  expect(world.psp.control.faults()).toEqual([]);
}

/** Nothing waits any more for what is over. */
const ended = (subscriptionId: string, mayBeMissing = false) =>
  eventually(async () => {
    const handle = world.temporal.workflow.getHandle(`subscription/${subscriptionId}`);
    const status = await handle.describe().then(
      (found) => found.status.name,
      (error: unknown) => {
        if (mayBeMissing && error instanceof WorkflowNotFoundError) return 'COMPLETED';
        throw error;
      },
    );
    expect(status, `the workflow of ${subscriptionId}`).toBe('COMPLETED');
  });
