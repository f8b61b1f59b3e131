import { parseArgs } from 'node:util';
import { readVariables } from '../../config.ts';
import { sumWork, WORK_KINDS, type WorkKind } from '../../db/operators/index.ts';
import { hasWorkflow } from '../../operations/index.ts';
import { type TemporalUi, workflowUrl } from '../../operations/links.ts';
import { listStuck, type StuckItem } from '../../operations/stuck.ts';
import { looking } from '../operator.ts';
import { ageText, EXIT, moneyJson, moneyText, table } from '../print.ts';
import { UsageError } from '../usage.ts';

/** `stuck [--kind K]… [--older-than MINUTES] …`: what is stuck or needs a person; exits 1 where anything is. */
export async function stuck(args: string[], env: NodeJS.ProcessEnv): Promise<string> {
  const { values } = parseArgs({
    args,
    options: {
      kind: { type: 'string', multiple: true },
      'older-than': { type: 'string', default: '60' },
      order: { type: 'string' },
      seller: { type: 'string' },
      currency: { type: 'string' },
      error: { type: 'string' },
      limit: { type: 'string', default: '50' },
      json: { type: 'boolean', default: false },
    },
  });
  const filter = {
    kinds: values.kind?.map(knownKind),
    olderThanMinutes: wholeNumber('--older-than', values['older-than']),
    orderId: values.order,
    sellerId: values.seller,
    currency: values.currency?.toUpperCase(),
    error: values.error,
  };
  const limit = wholeNumber('--limit', values.limit);
  const config = readVariables(env, ['TEMPORAL_UI_URL', 'TEMPORAL_NAMESPACE']);
  const ui = { url: config.TEMPORAL_UI_URL, namespace: config.TEMPORAL_NAMESPACE };
  const [items, sums] = await looking(env, ({ db }) =>
    Promise.all([listStuck({ db }, filter, { limit }), sumWork(db, filter)]),
  );
  const count = sums.reduce((sum, one) => sum + one.count, 0);
  process.exitCode = count > 0 ? EXIT.found : EXIT.done;
  if (values.json) return JSON.stringify({ count, data: items.map((item) => asJson(item, ui)) });
  if (count === 0) return 'nothing is stuck';
  const totals = sums.map(
    (sum) => `${sum.count} ${sum.kind}${sum.totals.map((total) => `, ${moneyText(total)}`).join('')}`,
  );
  const more = count > items.length ? [`… and ${count - items.length} more (--limit)`] : [];
  return [...items.map((item) => asText(item, ui)), ...more, '', table(totals.map((line) => [line]))].join(
    '\n',
  );
}

export function knownKind(name: string): WorkKind {
  const known = WORK_KINDS.find((kind) => kind === name);
  if (known === undefined) throw new UsageError(`--kind: expected one of ${WORK_KINDS.join(', ')}`);
  return known;
}

export function wholeNumber(option: string, text: string): number {
  if (/^\d{1,7}$/.test(text)) return Number(text);
  throw new UsageError(`${option}: expected a whole number`);
}

const urlOf = ({ subject }: StuckItem, ui: TemporalUi) =>
  hasWorkflow(subject) ? workflowUrl(ui, subject) : null;

const asJson = (item: StuckItem, ui: TemporalUi) => ({
  kind: item.kind,
  subject: item.subject,
  id: item.id,
  order_id: item.orderId,
  status: item.status,
  since: item.since.toISOString(),
  ...moneyJson(item.money),
  last_error: item.lastError,
  waiting_for: item.waitingFor,
  next_attempt_at: item.nextAttemptAt?.toISOString() ?? null,
  retry_count: item.retryCount,
  next: item.next,
  actions: item.actions,
  workflow_url: urlOf(item, ui),
});

function asText(item: StuckItem, ui: TemporalUi): string {
  const url = urlOf(item, ui);
  const retries = item.retryCount === null ? '' : `, ${item.retryCount} retries`;
  const nextAt = item.nextAttemptAt === null ? '' : `, next ${item.nextAttemptAt.toISOString()}`;
  return [
    `${item.subject}  ${item.status}  ${moneyText(item.money)}  for ${ageText(item.since)}${retries}${nextAt}`,
    ...(item.lastError === null ? [] : [`    ${item.lastError}`]),
    `    ${item.next}`,
    ...(item.actions.length === 0
      ? []
      : [`    may: ${item.actions.map(({ action, subject }) => `${action} ${subject}`).join(', ')}`]),
    ...(url === null ? [] : [`    ${url}`]),
  ].join('\n');
}
