import type { Db, Tx } from '../../db/client.ts';
import {
  listWebhooksForReplay,
  readWebhookEvent,
  type ReplayFilter,
  type WebhookEventRow,
} from '../../db/webhooks/index.ts';
import { maskPersonalData } from '../../domain/kernel/index.ts';
import type { RowKind, StoryEvent, StoryRow, StuckKind } from '../row-kind.ts';
import { asks, event, QUIET } from '../telling.ts';
import { replayWebhook } from './replay.ts';

const subjectOf = (id: string) => `webhook/${id}`;

/** What a provider told us. It has no workflow: its story is that of what it is about. */
export const webhook: RowKind = {
  kind: 'webhook',
  hasWorkflow: false,
  actions: [replayWebhook],
  async story(db, id) {
    const row = await readWebhookEvent(db, id);
    if (row === null) return null;
    return {
      orderId: null,
      rows: () => [storyRow(row)],
      events: webhookEvents([row]),
      about: [],
      subjects: [id],
      belongsTo: row.about,
    };
  },
};

export const stuckWebhook: StuckKind = {
  one: 'Webhook',
  many: 'Webhooks not handed on',
  next: ({ status }) =>
    status === 'unmatched'
      ? 'It is about something that we do not know. Each sweep of its first day dispatches it again.'
      : 'Each sweep dispatches it again, until its workflow has it.',
  actions: ({ subject }) => asks(subject, 'replay_webhook'),
  onMany: ['replay_webhook'],
};

const storyRow = (row: WebhookEventRow): StoryRow => ({
  ...QUIET,
  kind: 'webhook',
  subject: subjectOf(row.id),
  status: row.outcome,
  money: null,
  lastError: row.error,
  providerId: row.eventId,
  actions: asks(subjectOf(row.id), 'replay_webhook'),
});

const GONE = ' Its body was deleted after its time.';

/** Each as it was told, with personal data masked. */
export const webhookEvents = (rows: readonly WebhookEventRow[]): StoryEvent[] =>
  rows.map((row) => {
    const error = row.error === null ? '' : `: ${row.error}`;
    const kept = row.bodyMaskedAt === null ? '' : ' Of its body ids, amounts and statuses were kept.';
    const text = `Webhook ${row.type} of ${row.provider}, ${row.outcome}${error}.${row.body === null ? GONE : kept}`;
    const detail = row.body === null ? null : maskPersonalData(JSON.parse(row.body));
    return event(row.receivedAt, 'webhook', subjectOf(row.id), text, { detail });
  });

/** Any stored webhooks, to be replayed: also those that are not stuck. */
export async function webhooksToReplay(db: Db | Tx, filter: ReplayFilter, limit: number) {
  const stored = await listWebhooksForReplay(db, filter, limit);
  return stored.map(({ id, outcome }) => ({ subject: subjectOf(id), status: outcome, money: null }));
}
