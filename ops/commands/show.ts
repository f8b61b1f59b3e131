import { parseArgs } from 'node:util';
import { readVariables } from '../../config.ts';
import { hasWorkflow } from '../../operations/index.ts';
import { workflowUrl } from '../../operations/links.ts';
import { readStory, type Story } from '../../operations/story.ts';
import { looking, required } from '../operator.ts';
import { moneyJson, moneyText, table } from '../print.ts';

/** `show ID [--json]`: one row's whole story. */
export async function show(args: string[], env: NodeJS.ProcessEnv): Promise<string> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { json: { type: 'boolean', default: false } },
  });
  const id = required(positionals[0], 'ID', 'an id of ours or of a provider, or a workflow id');
  const config = readVariables(env, ['TEMPORAL_UI_URL', 'TEMPORAL_NAMESPACE']);
  const story = await looking(env, ({ db }) => readStory(db, id));
  const linkOf = (subject: string) =>
    workflowUrl({ url: config.TEMPORAL_UI_URL, namespace: config.TEMPORAL_NAMESPACE }, subject);
  return values.json ? JSON.stringify(asJson(story)) : asText(story, linkOf);
}

const asJson = ({ subject, orderId, rows, events }: Story) => ({
  subject,
  order_id: orderId,
  rows: rows.map((row) => ({
    kind: row.kind,
    subject: row.subject,
    status: row.status,
    ...moneyJson(row.money),
    last_error: row.lastError,
    waiting_for: row.waitingFor,
    next_attempt_at: row.nextAttemptAt?.toISOString() ?? null,
    retry_count: row.retryCount,
    provider_id: row.providerId,
    idempotency_key: row.idempotencyKey,
    actions: row.actions,
  })),
  events: events.map(({ at, kind, subject: of, text, money, by, detail }) => ({
    at: at.toISOString(),
    ...{ kind, subject: of, text, ...moneyJson(money), by, detail },
  })),
});

function asText({ rows, events }: Story, linkOf: (subject: string) => string | null): string {
  const standing = rows.map((row) => [
    row.subject,
    row.status,
    moneyText(row.money),
    row.actions.map(({ action }) => action).join(', '),
    hasWorkflow(row.subject) ? (linkOf(row.workflowId ?? row.subject) ?? '') : '',
  ]);
  const told = events.map(({ at, kind, text, money, by, subject }) => [
    at.toISOString(),
    kind,
    `${text}${money === null ? '' : ` ${moneyText(money)}`}${by === null ? '' : ` (${by})`}`,
    subject,
  ]);
  return `${table(standing)}\n\n${table(told)}`;
}
