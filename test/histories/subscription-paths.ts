import { v7 as uuidv7 } from 'uuid';
import { makePerson } from '../harness/shop.ts';
import { until } from '../harness/wait.ts';
import type { World } from '../harness/world.ts';
import { DAY_MS, subscriptionsOf } from '../subscriptions/story.ts';
import type { Played } from './played.ts';

type Path = (world: World) => Promise<Played>;

/** Every path of a subscription. Each period that is paid or refused ends a run, which goes on as a new one. */
export const SUBSCRIPTION_PATHS: Readonly<Record<string, Path>> = {
  'subscription-unpaid': async (world) => {
    const of = subscriptionsOf(world);
    const { done } = await of.subscribed(await makePerson(world, 'user'));
    return {
      workflowId: `subscription/${done.subscriptionId}`,
      open: () => of.pass(done.subscriptionId, DAY_MS + 1),
    };
  },
  'subscription-expired': async (world) => {
    const of = subscriptionsOf(world);
    const { done } = await of.subscribed(await makePerson(world, 'user'));
    await of.pass(done.subscriptionId, DAY_MS + 1);
    return ended(world, done.subscriptionId);
  },
  'subscription-refused': async (world) => {
    const of = subscriptionsOf(world);
    const { person } = await of.active();
    const askId = uuidv7();
    const answer = await of.subscribe(person, { planId: 'premium' }, askId);
    if (!('refused' in answer)) throw new Error('they have two subscriptions');
    return ended(world, askId);
  },
  'subscription-first-paid': async (world) => {
    const of = subscriptionsOf(world);
    const { id } = await of.active();
    return firstRun(world, id);
  },
  'subscription-asleep': async (world) => {
    const of = subscriptionsOf(world);
    const { id } = await of.active();
    await firstRun(world, id);
    await of.rests(id);
    return {
      workflowId: `subscription/${id}`,
      open: async () => {
        await of.ask(id, { do: 'cancel' });
        await of.passPeriod(id, 1);
      },
    };
  },
  'subscription-renewed': async (world) => {
    const of = subscriptionsOf(world);
    const { id } = await of.active();
    await of.rests(id);
    await of.passPeriod(id);
    await of.paid(id, 2);
    return secondRun(world, id);
  },
  'subscription-renewal-looked-at': async (world) => {
    const of = subscriptionsOf(world);
    const { id, person } = await of.active();
    await of.rests(id);
    of.onCharges(person, { kind: 'chargeOutcome', outcome: 'processing' });
    await of.passPeriod(id);
    const attempts = await of.lastAttempt(id, (last) => last.providerStatus === 'processing');
    await of.rests(id);
    await world.engine.retrySubscription(await of.label(id));
    await of.rests(id);
    world.psp.control.settleCharge(attempts.at(-1)!.id);
    await of.paid(id, 2);
    return secondRun(world, id);
  },
  'subscription-renewal-refused': async (world) => {
    const of = subscriptionsOf(world);
    const { id } = await refused(world);
    await of.rests(id);
    return secondRun(world, id);
  },
  'subscription-recovered': async (world) => {
    const of = subscriptionsOf(world);
    const { id, method } = await refused(world);
    await secondRun(world, id);
    await of.rests(id);
    world.psp.control.setMethod(method, { charges: 'succeed' });
    await of.pass(id, DAY_MS);
    await of.became(id, 'active');
    return thirdRun(world, id);
  },
  'subscription-dunning-over': async (world) => {
    const of = subscriptionsOf(world);
    const { id } = await refused(world, 'lost_card');
    for (const days of [1, 2, 2]) {
      await of.rests(id);
      await of.pass(id, days * DAY_MS);
    }
    return ended(world, id);
  },
  'subscription-canceled': async (world) => {
    const of = subscriptionsOf(world);
    const { id } = await of.active();
    await of.ask(id, { do: 'cancel' });
    await of.ask(id, { do: 'reactivate' });
    await of.ask(id, { do: 'cancel' });
    await of.passPeriod(id, 1);
    return ended(world, id);
  },
  'subscription-trial': async (world) => {
    const of = subscriptionsOf(world);
    const { done } = await of.subscribed(await makePerson(world, 'user'), { planId: 'premium', trial: true });
    const id = done.subscriptionId;
    await of.rests(id);
    await of.pass(id, 14 * DAY_MS + 1);
    return ended(world, id);
  },
  'subscription-card-set-up': async (world) => {
    const of = subscriptionsOf(world);
    const { done } = await of.subscribed(await makePerson(world, 'user'), { planId: 'premium', trial: true });
    const id = done.subscriptionId;
    const setup = await of.ask(id, { do: 'payment_method' });
    if (!('done' in setup)) throw new Error('no set-up payment was asked for');
    world.psp.control.pay(setup.done.setupId!);
    await until(
      () => of.row(id),
      (row) => row.paymentMethodId !== null,
    );
    await of.ask(id, { do: 'cancel' });
    await of.pass(id, 14 * DAY_MS + 1);
    return ended(world, id);
  },
  'subscription-changed': async (world) => {
    const of = subscriptionsOf(world);
    const { id } = await of.active();
    await of.rests(id);
    await of.ask(id, { do: 'change', planId: 'premium' });
    await until(
      () => of.invoicesOf(id),
      (invoices) => invoices.at(-1)?.status === 'paid' && invoices.length === 2,
    );
    return secondRun(world, id);
  },
  'subscription-disputed': async (world) => {
    const of = subscriptionsOf(world);
    const { id, invoiceId } = await of.active();
    await of.rests(id);
    world.psp.control.openDispute(invoiceId);
    await of.became(id, 'canceling');
    await of.passPeriod(id, 1);
    return ended(world, id);
  },
  'subscription-refunded-outside': async (world) => {
    const of = subscriptionsOf(world);
    const { id, invoiceId } = await of.active();
    await of.rests(id);
    world.psp.control.createExternalRefund(invoiceId, 999);
    await of.became(id, 'expired');
    return ended(world, id);
  },
  'subscription-paid-late': async (world) => {
    const of = subscriptionsOf(world);
    const { done } = await of.subscribed(await makePerson(world, 'user'));
    const id = done.subscriptionId;
    await of.pass(id, DAY_MS + 1);
    await world.finished(`subscription/${id}`);
    world.psp.control.pay(done.attemptId!);
    const [attempt] = await of.lastAttempt(id, (last) => last.receivedMinor !== null);
    await until(
      async () => world.psp.control.refunds(attempt!.id),
      (made) => made.length > 0,
    );
    return ended(world, id);
  },
  revenue: async (world) => {
    const workflowId = 'revenue';
    await world.temporal.workflow.start('revenue', {
      workflowId,
      taskQueue: world.config.TEMPORAL_BILLING_TASK_QUEUE,
      args: [{}],
      staticSummary: 'Revenue of a day, by hand',
    });
    await world.finished(workflowId);
    return { workflowId };
  },
  phantoms: async (world) => {
    const of = subscriptionsOf(world);
    const { id } = await of.active();
    // As a restored database may leave it.
    await world.database.sql`UPDATE invoices SET hyperswitch_payment_id = NULL WHERE subscription_id = ${id}`;
    await of.age(id, 2 * DAY_MS);
    await world.engine.startPhantomSweep(true);
    await world.engine.phantomReport(true);
    await world.database
      .sql`UPDATE invoices SET hyperswitch_payment_id = id::text WHERE subscription_id = ${id}`;
    return { workflowId: 'phantoms/dry-run' };
  },
};

/** Its renewal was refused. */
async function refused(world: World, declineCode = 'insufficient_funds') {
  const of = subscriptionsOf(world);
  const { id } = await of.active();
  const { paymentMethodId } = await of.row(id);
  const method = await of.providerCard(paymentMethodId!);
  world.psp.control.setMethod(method, { charges: { declineCode } });
  await of.rests(id);
  await of.passPeriod(id);
  await of.became(id, 'past_due');
  return { id, method };
}

async function ended(world: World, id: string): Promise<Played> {
  await world.finished(`subscription/${id}`);
  return { workflowId: `subscription/${id}` };
}

const firstRun = (world: World, id: string) => run(world, id, 0);
const secondRun = (world: World, id: string) => run(world, id, 1);
const thirdRun = (world: World, id: string) => run(world, id, 2);

/** A run that went on as a new one, counted from the first. */
async function run(world: World, id: string, at: number): Promise<Played> {
  const workflowId = `subscription/${id}`;
  const runs = await until(
    async () => {
      const seen: { readonly runId: string; readonly startMs: number; readonly status: string }[] = [];
      for await (const one of world.temporal.workflow.list({ query: `WorkflowId = "${workflowId}"` })) {
        seen.push({ runId: one.runId, startMs: one.startTime.getTime(), status: one.status.name });
      }
      return seen.toSorted((a, b) => a.startMs - b.startMs);
    },
    (seen) => seen[at]?.status === 'CONTINUED_AS_NEW',
  );
  return { workflowId, runId: runs[at]!.runId };
}
