import { v7 as uuidv7 } from 'uuid';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { SubscriptionRequest } from '../../domain/subscriptions/hints.ts';
import { expectCleanBooks } from '../harness/books.ts';
import { until } from '../harness/wait.ts';
import { World } from '../harness/world.ts';
import { subscriptionsOf } from './story.ts';

// What a run has heard and could not look at goes to the next one.

const TEN = Array.from({ length: 10 }, () => uuidv7());

let world: World;
let of: ReturnType<typeof subscriptionsOf>;
beforeAll(async () => {
  world = await World.create();
  of = subscriptionsOf(world);
});
afterEach(() => expectCleanBooks(world));
afterAll(() => world.close());

/** What the present run was started with. */
async function argumentOf(
  id: string,
): Promise<{ runId: string; bytes: number; request: SubscriptionRequest }> {
  const handle = world.temporal.workflow.getHandle(`subscription/${id}`);
  const { runId } = await handle.describe();
  const { events } = await handle.fetchHistory();
  const [payload] = events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads ?? [];
  const data = Buffer.from(payload?.data ?? []);
  return { runId, bytes: data.length, request: JSON.parse(data.toString()) as SubscriptionRequest };
}

it('ten webhooks of one payment that cannot be read carry on one message, and the argument stays under 1 KB', async () => {
  const { id, invoiceId } = await of.active();
  await of.rests(id);
  const asked = await of.ask(id, { do: 'payment_method' });
  const setupId = 'done' in asked ? asked.done.setupId! : '';
  const { control } = world.psp;
  const { refund_id: providerRefundId } = control.createExternalRefund(invoiceId, 400, { webhook: false });
  const faults = [`payments/${setupId}`, `refunds/${providerRefundId}`].map((path) =>
    control.addFault({ kind: 'status', status: 503, match: new RegExp(`GET /${path}.*`), times: 'always' }),
  );
  const label = await of.label(id);
  const refund = { kind: 'refund', providerRefundId, amountMinor: null, currency: null } as const;
  for (const webhookId of TEN) {
    await world.engine.notifySubscriptionPayment({ paymentId: setupId, webhookId }, label);
    await world.engine.notifySubscriptionOutside({ ...refund, paymentId: invoiceId, webhookId }, label);
  }
  for (const path of [setupId, providerRefundId])
    await control.waitForRequest((request) => request.path.endsWith(path));

  let before = await argumentOf(id);
  for (const periods of [2, 3]) {
    await of.passPeriod(id);
    await of.paid(id, periods);
    const runId = before.runId;
    before = await until(
      () => argumentOf(id),
      (seen) => seen.runId !== runId,
    );
    const { bytes, request } = before;
    expect(request).toEqual({
      subscriptionId: id,
      undelivered: { payments: [{ paymentId: setupId }], events: [{ ...refund, paymentId: invoiceId }] },
    });
    expect(bytes).toBeLessThan(1_024);
  }

  for (const fault of faults) control.clearFaults(fault);
  await until(
    () => of.invoicesOf(id),
    ([first]) => first?.refundedMinor === 400,
  );
});
