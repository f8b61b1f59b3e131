import { sql } from 'drizzle-orm';
import type { FlagKind } from '../../domain/flags.ts';
import { refundWorkflowId } from '../../domain/marketplace/ids.ts';
import { invoiceSubject, subscriptionWorkflowId } from '../../domain/subscriptions/ids.ts';
import { TEST_CARDS } from '../../stand-ins/hyperswitch/index.ts';
import type { Api } from '../cli/api-client.ts';
import type { SubscriptionState } from '../../domain/subscriptions/step.ts';
import { letAnHourPass, type Scene, statusOf, until, workflowOf } from './scene.ts';
import type { Situation } from './situation.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
/** Longer than the renewal's jitter, and than a sweep waits before it calls anything overdue. */
const A_WHILE_MS = 30 * 60 * 1000;

interface Subscribed {
  readonly subscriber: Api & { readonly id: string };
  readonly subscriptionId: string;
  /** The first; absent in a trial. */
  readonly invoiceId: string | null;
}

async function subscribe(
  scene: Scene,
  wish: { readonly plan_id: string; readonly trial?: boolean } = { plan_id: 'creator' },
): Promise<Subscribed> {
  const subscriber = await scene.makeSubscriber();
  const { subscription, invoice } = await subscriber.post<{
    subscription: { readonly id: string };
    invoice: { readonly id: string } | null;
  }>('/subscriptions/subscribe', wish);
  return { subscriber, subscriptionId: subscription.id, invoiceId: invoice?.id ?? null };
}

/** A subscription whose first payment, by this card, is settled. */
async function activeSubscription(scene: Scene, card: string = TEST_CARDS.good): Promise<Subscribed> {
  const subscribed = await subscribe(scene);
  await pay(scene, subscribed, card);
  await became(scene, subscriptionWorkflowId(subscribed.subscriptionId), 'active');
  return subscribed;
}

async function pay({ psp }: Scene, { invoiceId }: Subscribed, card: string): Promise<void> {
  if (invoiceId === null) throw new Error('a trial has nothing to pay');
  await until(
    async () => psp.control.hasPayment(invoiceId),
    (isThere) => isThere,
  );
  psp.control.pay(invoiceId, { card });
}

const became = (scene: Scene, subject: string, status: string) =>
  until(
    () => statusOf(scene, subject),
    (seen) => seen === status,
  );

/** All that is written of it in billing time lies so much further back, since nobody waits a month for an example. */
async function letPass({ db }: Scene, subscriptionId: string, ms: number): Promise<void> {
  const back = sql.raw(`- interval '${ms} milliseconds'`);
  await db.execute(sql`UPDATE subscriptions SET anchor_at = anchor_at ${back},
    current_period_start = current_period_start ${back}, current_period_end = current_period_end ${back},
    trial_end = trial_end ${back}, next_due_at = next_due_at ${back}, created_at = created_at ${back}
    WHERE id = ${subscriptionId}`);
  await db.execute(sql`UPDATE invoices SET period_start = period_start ${back}, period_end = period_end ${back},
    paid_at = paid_at ${back}, created_at = created_at ${back} WHERE subscription_id = ${subscriptionId}`);
  await db.execute(sql`UPDATE revenue_schedules SET starts_at = starts_at ${back}, ends_at = ends_at ${back}
    WHERE invoice_id IN (SELECT id FROM invoices WHERE subscription_id = ${subscriptionId})`);
}

/** A month passes, and its workflow is woken as its timer would. Returns the renewal's invoice. */
async function letRenew(scene: Scene, subscriptionId: string): Promise<string> {
  await letPass(scene, subscriptionId, 31 * DAY_MS + A_WHILE_MS);
  const workflow = await workflowOf(scene, subscriptionWorkflowId(subscriptionId));
  await workflow.signal('wake');
  const [renewal] = await until(
    () =>
      scene.db.execute<{ id: string }>(
        sql`SELECT id FROM invoices WHERE subscription_id = ${subscriptionId} AND reason = 'renewal'`,
      ),
    (rows) => rows.length > 0,
  );
  if (renewal === undefined) throw new Error(`subscription ${subscriptionId} was not renewed`);
  return renewal.id;
}

const attemptOf = (
  { db }: Scene,
  invoiceId: string,
  isSo: (last: { readonly status: string; readonly provider_status: string | null }) => boolean,
) =>
  until(
    async () => {
      const [last] = await db.execute<{ id: string; status: string; provider_status: string | null }>(
        sql`SELECT id, status, provider_status FROM invoice_payments WHERE invoice_id = ${invoiceId}
          ORDER BY attempt DESC LIMIT 1`,
      );
      return last;
    },
    (last) => last !== undefined && isSo(last),
  );

/** Waits until the PSP was asked about its payment because of `ask`. */
const lookedAt = async ({ db }: Scene, invoiceId: string, ask: () => Promise<void>) => {
  const [clock] = await db.execute<{ at: string }>(sql`SELECT clock_timestamp()::text AS at`);
  await ask();
  await until(
    () =>
      db.execute(sql`SELECT FROM invoice_payments
        WHERE invoice_id = ${invoiceId} AND reconcile_checked_at > ${clock!.at}::timestamptz`),
    (rows) => rows.length > 0,
  );
};

async function flagOn({ db }: Scene, kind: FlagKind, subject: string): Promise<string> {
  const [flag] = await until(
    () =>
      db.execute<{ id: string }>(
        sql`SELECT id FROM ops_flags WHERE kind = ${kind} AND subject = ${subject} AND cleared_at IS NULL`,
      ),
    (rows) => rows.length > 0,
  );
  if (flag === undefined) throw new Error(`${subject} has no flag ${kind}`);
  return flag.id;
}

/** What becomes of charges of the card on file. */
async function setCard(
  { db, psp }: Scene,
  subscriptionId: string,
  charges: 'succeed' | 'are_processed',
): Promise<void> {
  const [card] = await db.execute<{ id: string }>(
    sql`SELECT method.provider_payment_method_id AS id FROM subscriptions AS one
      JOIN payment_methods AS method ON method.id = one.payment_method_id WHERE one.id = ${subscriptionId}`,
  );
  if (card === undefined) throw new Error(`subscription ${subscriptionId} has no card on file`);
  psp.control.setMethod(card.id, { charges });
}

/** Its renewal was refused. */
async function pastDue(scene: Scene): Promise<{ subscriptionId: string; renewalId: string }> {
  const { subscriptionId } = await activeSubscription(scene, TEST_CARDS.declinesLater);
  const renewalId = await letRenew(scene, subscriptionId);
  await became(scene, subscriptionWorkflowId(subscriptionId), 'past_due');
  return { subscriptionId, renewalId };
}

export const subscriptionPastDue: Situation = {
  name: 'subscription-past-due',
  title: 'A subscription is past due: the bank refuses its renewal',
  async make(scene) {
    const { subscriptionId, renewalId } = await pastDue(scene);
    return {
      subject: invoiceSubject(renewalId),
      workflowId: subscriptionWorkflowId(subscriptionId),
      heal: () => setCard(scene, subscriptionId, 'succeed'),
    };
  },
  ways: { console: [{ take: 'action', action: 'charge_now' }], temporal: null },
  ends: 'paid',
};

export const renewalUnanswered: Situation = {
  name: 'renewal-unanswered',
  title: 'A renewal has no outcome for longer than the grace, and its features are closed',
  async make(scene) {
    const { subscriptionId } = await activeSubscription(scene);
    await setCard(scene, subscriptionId, 'are_processed');
    const renewalId = await letRenew(scene, subscriptionId);
    await attemptOf(scene, renewalId, ({ provider_status: said }) => said === 'processing');
    const workflowId = subscriptionWorkflowId(subscriptionId);
    const workflow = await workflowOf(scene, workflowId);
    await letPass(scene, subscriptionId, 4 * DAY_MS);
    await workflow.signal('wake');
    await flagOn(scene, 'renewal_unanswered', workflowId);
    await letAnHourPass(scene, invoiceSubject(renewalId));
    // Its workflow has looked just now, so it does not find by itself what the bank decides next.
    await lookedAt(scene, renewalId, () => workflow.signal('retryNow'));
    await until(
      () => workflow.query<SubscriptionState>('state'),
      ({ kind }) => kind === 'wait',
    );
    return {
      subject: invoiceSubject(renewalId),
      workflowId,
      flagged: workflowId,
      // The bank decides at last, and the PSP's webhook about it is lost.
      heal: async () => {
        const where = { payment_id: renewalId };
        scene.psp.control.addFault({
          kind: 'loseWebhook',
          match: 'payment_succeeded',
          where,
          times: 'always',
        });
        scene.psp.control.settleCharge(renewalId);
      },
    };
  },
  ways: {
    console: [
      { take: 'action', action: 'retry' },
      { take: 'clear_flag', flag: 'renewal_unanswered' },
    ],
    temporal: [{ take: 'signal', signal: 'retryNow' }],
  },
  ends: 'paid',
};

export const invoiceWebhookLost: Situation = {
  name: 'invoice-webhook-lost',
  title: 'Somebody has paid for a plan and has nothing: the webhook of the payment was lost',
  async make(scene) {
    const subscribed = await subscribe(scene);
    const { subscriptionId, invoiceId } = subscribed;
    if (invoiceId === null) throw new Error('a paid plan has an invoice');
    const where = { payment_id: invoiceId };
    scene.psp.control.addFault({ kind: 'loseWebhook', match: 'payment_succeeded', where, times: 'always' });
    await pay(scene, subscribed, TEST_CARDS.good);
    const subject = invoiceSubject(invoiceId);
    await letAnHourPass(scene, subject);
    return { subject, workflowId: subscriptionWorkflowId(subscriptionId), heal: async () => {} };
  },
  ways: {
    console: [{ take: 'sweep', phase: 'stuck_invoices' }],
    temporal: [{ take: 'sweep', phase: 'stuck_invoices' }],
  },
  ends: 'paid',
};

export const subscriptionOverdue: Situation = {
  name: 'subscription-overdue',
  title: 'A subscription is overdue: its workflow was terminated, and its time has passed',
  async make(scene) {
    const { subscriptionId } = await subscribe(scene, { plan_id: 'premium', trial: true });
    const subject = subscriptionWorkflowId(subscriptionId);
    const workflow = await workflowOf(scene, subject);
    await until(
      () =>
        scene.db.execute(
          sql`SELECT id FROM subscriptions WHERE id = ${subscriptionId} AND next_due_at > now()`,
        ),
      (rows) => rows.length > 0,
    );
    await workflow.terminate('by hand');
    await letPass(scene, subscriptionId, 15 * DAY_MS);
    return { subject, heal: async () => {} };
  },
  ways: {
    console: [{ take: 'action', action: 'retry' }],
    temporal: [{ take: 'sweep', phase: 'overdue_subscriptions' }],
  },
  ends: 'expired',
};

export const subscriptionPhantom: Situation = {
  name: 'subscription-phantom',
  title: 'A subscription says that it is paid, and nobody has paid it',
  async make(scene) {
    const { subscriptionId, invoiceId } = await subscribe(scene);
    const subject = subscriptionWorkflowId(subscriptionId);
    await until(
      async () => scene.psp.control.hasPayment(invoiceId ?? ''),
      (isThere) => isThere,
    );
    // As somebody wrote it by hand, or an old backup has it.
    await scene.db.execute(sql`UPDATE invoice_payments SET status = 'failed' WHERE id = ${invoiceId}`);
    await scene.db.execute(sql`UPDATE invoices SET status = 'void' WHERE id = ${invoiceId}`);
    await scene.db.execute(
      sql`UPDATE subscriptions SET status = 'active', next_due_at = NULL WHERE id = ${subscriptionId}`,
    );
    await letPass(scene, subscriptionId, 2 * DAY_MS);
    return { subject, heal: async () => {} };
  },
  ways: { console: [{ take: 'phantoms' }], temporal: null },
  ends: 'expired',
};

export const invoicePaidTwice: Situation = {
  name: 'invoice-paid-twice',
  title: 'An invoice was paid twice: a payment that had failed succeeded after the next one',
  async make(scene) {
    const { subscriptionId, renewalId } = await pastDue(scene);
    await setCard(scene, subscriptionId, 'succeed');
    const subject = invoiceSubject(renewalId);
    const reason = 'the bank said that it would pass';
    await scene.admin.post('/admin/actions', { action: 'charge_now', subject, reason });
    await became(scene, subject, 'paid');
    // The PSP's later word about the first payment.
    scene.psp.control.pay(renewalId);
    const flagId = await flagOn(scene, 'double_payment', subject);
    return {
      subject: `flag/${flagId}`,
      workflowId: subscriptionWorkflowId(subscriptionId),
      flagged: subject,
      heal: () => becameGivenBack(scene, renewalId),
    };
  },
  ways: { console: [{ take: 'clear_flag', flag: 'double_payment' }], temporal: null },
  ends: 'cleared',
};

async function becameGivenBack({ db }: Scene, attemptId: string): Promise<void> {
  await until(
    () => db.execute<{ status: string }>(sql`SELECT status FROM invoice_payments WHERE id = ${attemptId}`),
    ([attempt]) => attempt?.status === 'given_back',
  );
}

export const invoiceGiveBackRefused: Situation = {
  name: 'invoice-give-back-refused',
  title: 'A subscriber paid the wrong amount, and the PSP did not give it back',
  async make(scene) {
    const { subscriptionId, invoiceId } = await subscribe(scene);
    if (invoiceId === null) throw new Error('there is nothing to pay');
    await until(
      async () => scene.psp.control.hasPayment(invoiceId),
      (isThere) => isThere,
    );
    const refused = {
      outcome: 'refused',
      code: 'IR_06',
      message: 'Refunds are not possible at the moment.',
    } as const;
    scene.psp.control.addFault({ kind: 'refundOutcome', ...refused, where: { payment_id: invoiceId } });
    scene.psp.control.pay(invoiceId, { amountReceivedMinor: 500 });
    const [refund] = await until(
      () =>
        scene.db.execute<{ id: string }>(
          sql`SELECT id FROM refunds WHERE invoice_id = ${invoiceId} AND status = 'failed'`,
        ),
      (rows) => rows.length > 0,
    );
    const subject = refundWorkflowId(refund!.id);
    return { subject, workflowId: subscriptionWorkflowId(subscriptionId), heal: async () => {} };
  },
  ways: { console: [{ take: 'action', action: 'give_back' }], temporal: null },
  ends: 'succeeded',
};

/** What flags about the PSP itself name. */
const THE_PSP = 'hyperswitch';

export const pspRetriesItself: Situation = {
  name: 'psp-retries-itself',
  title: 'The PSP charges refused cards again by itself',
  async make(scene) {
    scene.psp.control.setAutoRetries(2);
    const { subscriptionId } = await pastDue(scene);
    const flagId = await flagOn(scene, 'psp_retries_itself', THE_PSP);
    return {
      subject: `flag/${flagId}`,
      workflowId: subscriptionWorkflowId(subscriptionId),
      flagged: THE_PSP,
      heal: async () => scene.psp.control.setAutoRetries(0),
    };
  },
  ways: { console: [{ take: 'clear_flag', flag: 'psp_retries_itself' }], temporal: null },
  ends: 'cleared',
};
