import { eq } from 'drizzle-orm';
import { sellerPayouts } from '../../db/payouts/schema.ts';
import { sellerTransfers, transferReversals } from '../../db/marketplace/transfers/schema.ts';
import { payoutWorkflowId } from '../../domain/payouts/ids.ts';
import { reversalWorkflowId, transferWorkflowId } from '../../domain/marketplace/ids.ts';
import type { Attempt } from '../../domain/kernel/messages.ts';
import type { StripeFault } from '../../stand-ins/stripe/index.ts';
import {
  askRefund,
  completeOrder,
  letAnHourPass,
  payOrder,
  type Scene,
  type Stall,
  statusOf,
  until,
  workflowOf,
} from './scene.ts';
import type { Made, Situation } from './situation.ts';
import { setStripeAccount } from '../seller-account.ts';

/** Retries of an example wait for long enough to be looked at. */
const DOWN = { kind: 'status', status: 503, times: 'always' } as const;
/** A definite no, which Stripe keeps under the key. */
const REFUSED = { kind: 'status', status: 400, stored: true, times: 'always' } as const;
const KEY_REVOKED = { kind: 'status', status: 401, times: 'always' } as const;

/** The cause is gone, and nobody waits for the next attempt. */
const RETRIED: Situation['ways'] = {
  console: [{ take: 'action', action: 'retry' }],
  temporal: [{ take: 'signal', signal: 'retryNow' }],
};

type ReversalRow = typeof transferReversals.$inferSelect;

/** A refund whose reversal meets this trouble, until its state is as given. */
async function refundInto(
  scene: Scene,
  trouble: StripeFault,
  isAsWanted: (row: ReversalRow) => boolean,
): Promise<Made & { reversalId: string }> {
  const stall = await scene.openStall();
  const { orderId, stripeTransferId } = await completeOrder(scene, stall);
  const where = { id: stripeTransferId };
  const fault = scene.stripe.control.addFault({ ...trouble, match: 'transfers.createReversal', where });
  const refundId = await askRefund(stall, orderId);
  const [row] = await until(
    () => scene.db.select().from(transferReversals).where(eq(transferReversals.refundId, refundId)),
    (rows) => rows.some(isAsWanted),
  );
  if (row === undefined) throw new Error(`refund ${refundId} has no reversal`);
  await workflowOf(scene, reversalWorkflowId(row.id));
  return {
    reversalId: row.id,
    subject: reversalWorkflowId(row.id),
    heal: async () => scene.stripe.control.clearFaults(fault),
  };
}

async function reversalRow({ db }: Scene, reversalId: string): Promise<ReversalRow> {
  const [row] = await db.select().from(transferReversals).where(eq(transferReversals.id, reversalId));
  if (row === undefined) throw new Error(`there is no reversal ${reversalId}`);
  return row;
}

export const reversalBackoff: Situation = {
  name: 'reversal-backoff',
  title: 'A reversal waits between attempts, because Stripe answers with errors',
  make: (scene) => refundInto(scene, DOWN, (row) => row.retryCount > 0),
  ways: RETRIED,
  ends: 'reversed',
};

export const sellerFundsShort: Situation = {
  name: 'seller-funds-short',
  title: 'A reversal waits, because the seller has spent the money',
  make: (scene) =>
    refundInto(
      scene,
      { kind: 'insufficientFunds', times: 'always' },
      (row) => row.waitingFor === 'seller_funds',
    ),
  ways: RETRIED,
  ends: 'reversed',
};

export const reversalGivenUp: Situation = {
  name: 'reversal-given-up',
  title: 'A reversal has failed for good: Stripe refuses it',
  async make(scene) {
    const made = await refundInto(scene, REFUSED, (row) => row.retryCount > 0);
    const workflow = scene.temporal.workflow.getHandle(made.subject);
    // Nobody waits hours for an example: each retry is asked for at once, until they are used up.
    for (let tried = 1; (await statusOf(scene, made.subject)) === 'pending'; tried += 1) {
      await workflow.signal('retryNow');
      await until(
        () => reversalRow(scene, made.reversalId),
        (row) => row.status !== 'pending' || row.retryCount > tried,
      );
    }
    return made;
  },
  ways: { console: [{ take: 'action', action: 'settled_outside' }], temporal: null },
  ends: 'settled_outside',
};

export const transferWithoutId: Situation = {
  name: 'transfer-without-id',
  title: "A reversal has failed for good: its transfer has no id of Stripe's",
  async make(scene) {
    const stall = await scene.openStall();
    const { orderId } = await completeOrder(scene, stall);
    // As an older system left it: sent, without Stripe's id.
    await scene.db
      .update(sellerTransfers)
      .set({ stripeTransferId: null })
      .where(eq(sellerTransfers.orderId, orderId));
    const refundId = await askRefund(stall, orderId);
    const [row] = await until(
      () => scene.db.select().from(transferReversals).where(eq(transferReversals.refundId, refundId)),
      (rows) => rows.some(({ status }) => status === 'permanently_failed'),
    );
    if (row === undefined) throw new Error(`refund ${refundId} has no reversal`);
    return { subject: reversalWorkflowId(row.id), heal: async () => {} };
  },
  ways: { console: [{ take: 'backfill' }, { take: 'action', action: 'retry' }], temporal: null },
  ends: 'reversed',
};

export const transferGivenUp: Situation = {
  name: 'transfer-given-up',
  title: "A seller's share has failed for good: Stripe will never send it",
  async make(scene) {
    const stall = await scene.openStall();
    const where = { destination: stall.seller.accountId };
    const fault = scene.stripe.control.addFault({ ...REFUSED, match: 'transfers.create', where });
    const subject = await unsentTransfer(scene, stall);
    const workflow = scene.temporal.workflow.getHandle(subject);
    const row = () => transferRow(scene, subject.slice('transfer/'.length));
    for (let tried = 1; (await row()).status !== 'permanently_failed'; tried += 1) {
      await workflow.signal('retryNow');
      await until(row, (seen) => seen.status === 'permanently_failed' || seen.retryCount > tried);
    }
    return { subject, heal: async () => scene.stripe.control.clearFaults(fault) };
  },
  ways: { console: [{ take: 'action', action: 'settled_outside' }], temporal: null },
  ends: 'settled_outside',
};

async function transferRow({ db }: Scene, transferId: string) {
  const [row] = await db.select().from(sellerTransfers).where(eq(sellerTransfers.id, transferId));
  if (row === undefined) throw new Error(`there is no transfer ${transferId}`);
  return row;
}

export const payoutAccountGone: Situation = {
  name: 'payout-account-gone',
  title: "A seller's payout waits: an answer was lost, and their account at Stripe is gone",
  async make(scene) {
    const { control } = scene.stripe;
    const stall = await scene.openStall();
    const { accountId } = stall.seller;
    await completeOrder(scene, stall);
    control.addFault({ kind: 'dropBefore', match: 'payouts.create' });
    const asked = await stall.seller.post<{ payout: { id: string } }>('/sellers/me/payouts', {});
    const payoutId = asked.payout.id;
    const row = async () => {
      const [payout] = await scene.db.select().from(sellerPayouts).where(eq(sellerPayouts.id, payoutId));
      return payout;
    };
    await until(row, (payout) => payout?.retryCount === 1);
    control.addFault({ kind: 'loseWebhook', match: 'account.application.deauthorized' });
    control.loseAccount(accountId, 'account_invalid');
    const subject = payoutWorkflowId(payoutId);
    await scene.temporal.workflow.getHandle(subject).signal('retryNow');
    await until(row, (payout) => payout?.waitingFor === 'account_gone');
    return { subject, heal: async () => {} };
  },
  ways: { console: [{ take: 'action', action: 'give_up' }], temporal: null },
  ends: 'failed',
};

export const workflowTerminated: Situation = {
  name: 'workflow-terminated',
  title: 'A reversal has no running workflow: somebody terminated it',
  async make(scene) {
    const made = await refundInto(scene, DOWN, (row) => row.retryCount > 0);
    await scene.temporal.workflow.getHandle(made.subject).terminate('by hand');
    await letAnHourPass(scene, made.subject);
    return made;
  },
  ways: {
    console: [
      { take: 'sweep', phase: 'lost_work' },
      { take: 'action', action: 'retry' },
    ],
    temporal: [
      { take: 'sweep', phase: 'lost_work' },
      { take: 'signal', signal: 'retryNow' },
    ],
  },
  ends: 'reversed',
};

/** An order is paid, and its transfer has been attempted and waits. */
async function unsentTransfer(scene: Scene, stall: Stall): Promise<string> {
  const { transfer } = await payOrder(scene, stall);
  const subject = transferWorkflowId(transfer.id);
  const workflow = await workflowOf(scene, subject);
  await until(
    () => workflow.query<Attempt<string>>('state'),
    (attempt) => attempt.ended || attempt.lastError !== null,
  );
  return subject;
}

export const transferWithoutAccount: Situation = {
  name: 'transfer-without-account',
  title: "A seller's share waits, because the seller has no Stripe account",
  async make(scene) {
    const stall = await scene.openStall({ connected: false });
    return {
      subject: await unsentTransfer(scene, stall),
      // The forms are filled in, and Stripe's webhook is lost.
      heal: async () => {
        const { id, accountId } = stall.seller;
        scene.stripe.control.ensureAccount(accountId);
        await setStripeAccount(scene.db, id, accountId);
      },
    };
  },
  ways: RETRIED,
  ends: 'completed',
};

export const stripeKeyRefused: Situation = {
  name: 'stripe-key-refused',
  title: 'Nothing goes out: Stripe refuses our key',
  async make(scene) {
    const stall = await scene.openStall();
    const where = { destination: stall.seller.accountId };
    const fault = scene.stripe.control.addFault({ ...KEY_REVOKED, match: 'transfers.create', where });
    return {
      subject: await unsentTransfer(scene, stall),
      heal: async () => scene.stripe.control.clearFaults(fault),
    };
  },
  ways: RETRIED,
  ends: 'completed',
};

export const payoutWebhookLost: Situation = {
  name: 'payout-webhook-lost',
  title: "A seller's payout is under way for ever: the webhook that says it is paid was lost",
  async make(scene) {
    const stall = await scene.openStall();
    await completeOrder(scene, stall);
    scene.stripe.control.addFault({
      kind: 'loseWebhook',
      match: 'payout.paid',
      where: { account: stall.seller.accountId },
      times: 'always',
    });
    const asked = await stall.seller.post<{ payout: { id: string } }>('/sellers/me/payouts', {});
    const subject = payoutWorkflowId(asked.payout.id);
    await until(
      async () => scene.stripe.control.payouts(stall.seller.accountId),
      (payouts) => payouts.some((payout) => payout.status === 'paid'),
    );
    if ((await statusOf(scene, subject)) !== 'pending') throw new Error('the webhook was not lost');
    return { subject, heal: async () => {} };
  },
  ways: RETRIED,
  ends: 'paid',
};
