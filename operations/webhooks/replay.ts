import { eq } from 'drizzle-orm';
import {
  readWebhookEvent,
  requestReplay,
  type WebhookEventRow,
  webhookEvents,
} from '../../db/webhooks/index.ts';
import { VezaError } from '../../domain/errors.ts';
import type { Dispatched } from '../../inbox/dispatched.ts';
import { redispatch } from '../../inbox/redrive.ts';
import type { OperationsDeps } from '../deps.ts';
import type { RowAction } from '../row-kind.ts';

interface Replay {
  readonly webhookId: string;
}

export const replayWebhook: RowAction<WebhookEventRow, Replay> = {
  action: 'replay_webhook',
  kind: 'webhook',
  refusals: ['webhook_not_found', 'webhook_body_gone'],
  /** A replay notifies the same workflow again: it moves no money by itself. */
  async snapshot(tx, webhookId) {
    const [stored] = await tx
      .select({ outcome: webhookEvents.outcome })
      .from(webhookEvents)
      .where(eq(webhookEvents.id, webhookId));
    if (stored === undefined) throw notFound(webhookId);
    return { status: stored.outcome, money: null };
  },
  async act(tx, webhookId, act) {
    const stored = await requestReplay(tx, { webhookId, ...act });
    const now = { subject: `webhook/${webhookId}`, status: stored.outcome };
    return { done: stored, now, work: { webhookId } };
  },
  async notify(deps, work) {
    const { outcome, note } = await dispatchAgain(deps, work);
    return { note: note === null ? `It is ${outcome}.` : `It is ${outcome}: ${note}.` };
  },
  describeEffect: () =>
    'It is dispatched again to the workflow that waits for it. What it says has happened already changes nothing.',
};

/** Dispatches the webhook again, and returns the outcome. Throws `engine_unavailable`. */
export async function dispatchAgain(
  { db, engine, log }: OperationsDeps,
  { webhookId }: Replay,
): Promise<Dispatched> {
  const stored = await readWebhookEvent(db, webhookId);
  if (stored === null) throw notFound(webhookId);
  return redispatch({ db, engine, log }, stored);
}

const notFound = (webhookId: string) =>
  new VezaError('webhook_not_found', `There is no webhook event ${webhookId}.`);
