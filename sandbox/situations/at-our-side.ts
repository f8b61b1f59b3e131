import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { and, eq } from 'drizzle-orm';
import { webhookEvents } from '../../db/webhooks/schema.ts';
import { orderWorkflowId, transferWorkflowId } from '../../domain/marketplace/ids.ts';
import { settlementWorkflowId } from '../../domain/settlements/ids.ts';
import { reconcileStatement } from '../../ops/commands/reconcile-statement.ts';
import { completeOrder, letAnHourPass, payOrder, placeOrder, type Scene, until } from './scene.ts';
import type { Situation } from './situation.ts';
import { setStripeAccount } from '../seller-account.ts';

/** The webhook about this object with this outcome. */
async function webhookAbout(
  { db }: Scene,
  about: string,
  outcome: 'unmatched' | 'signalled',
): Promise<string> {
  const [webhook] = await until(
    () =>
      db
        .select()
        .from(webhookEvents)
        .where(and(eq(webhookEvents.about, about), eq(webhookEvents.outcome, outcome))),
    (rows) => rows.length > 0,
  );
  if (webhook === undefined) throw new Error(`no webhook about ${about} is ${outcome}`);
  return webhook.id;
}

export const webhookUnmatched: Situation = {
  name: 'webhook-unmatched',
  title: 'A webhook is about something that no row of ours stands for',
  async make(scene) {
    const stall = await scene.openStall({ connected: false });
    const { id, accountId } = stall.seller;
    const { transfer } = await payOrder(scene, stall);
    // Stripe has the seller's account, but no row says which seller's, as after an old backup.
    scene.stripe.control.createAccount({ id: accountId, transfersEnabled: false, payoutsEnabled: false });
    scene.stripe.control.updateAccount(accountId, { transfersEnabled: true, payoutsEnabled: true });
    const subject = `webhook/${await webhookAbout(scene, accountId, 'unmatched')}`;
    await letAnHourPass(scene, subject);
    return {
      subject,
      workflowId: transferWorkflowId(transfer.id),
      heal: async () => {
        await setStripeAccount(scene.db, id, accountId);
      },
    };
  },
  ways: {
    console: [{ take: 'action', action: 'replay_webhook' }],
    temporal: [{ take: 'sweep', phase: 'inbox' }],
  },
  ends: 'signalled',
};

const EXPORT_HEADER = 'id,Type,Source,Amount,Net,Currency,Created (UTC)';
/** Before any row of ours moved: the file misses none. */
const EXPORTED_AT = '2024-02-29 12:00';

export const settlementExceptions: Situation = {
  name: 'statement-exceptions',
  title: "A provider's settlement file does not agree with our books",
  async make(scene) {
    const { stripeTransferId } = await completeOrder(scene, await scene.openStall());
    const rows = [
      [`txn_1${stripeTransferId}`, 'transfer', stripeTransferId, '-107.00'],
      [`txn_2${stripeTransferId}`, 'transfer', `${stripeTransferId}X`, '-12.00'],
    ].map(([id, type, source, amount]) => [id, type, source, amount, amount, 'eur', EXPORTED_AT].join(','));
    const statementId = await readSettlementFile(scene, [EXPORT_HEADER, ...rows, ''].join('\n'));
    return { subject: settlementWorkflowId(statementId), heal: async () => {} };
  },
  ways: { console: [{ take: 'resolve_exceptions' }], temporal: null },
  ends: 'resolved',
};

/** `ops -- reconcile-statement` in this process, without changing its exit code. */
async function readSettlementFile({ env }: Scene, text: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'veza-situation-'));
  const { exitCode } = process;
  try {
    const file = join(folder, 'stripe-balance.csv');
    await writeFile(file, text);
    const printed = JSON.parse(await reconcileStatement([file, '--json'], env)) as { statement_id: string };
    return printed.statement_id;
  } finally {
    process.exitCode = exitCode;
    await rm(folder, { recursive: true, force: true });
  }
}

export const noWorker: Situation = {
  name: 'no-worker',
  title: 'Nothing goes on at all: no worker is running',
  async make(scene) {
    const stall = await scene.openStall();
    const orderId = await placeOrder(scene, stall);
    await scene.stopWorker();
    // The buyer still pays: the webhook is taken and handed to a workflow that no worker runs.
    scene.psp.control.pay(orderId);
    await webhookAbout(scene, orderId, 'signalled');
    const subject = orderWorkflowId(orderId);
    await letAnHourPass(scene, subject);
    return { subject, heal: () => scene.startWorker() };
  },
  ways: { console: [{ take: 'nothing' }], temporal: [{ take: 'nothing' }] },
  ends: 'completed',
};
