import { parseArgs } from 'node:util';
import { WORK_KINDS } from '../../db/operators/index.ts';
import { WEBHOOK_OUTCOMES } from '../../db/webhooks/index.ts';
import { STUCK } from '../../operations/index.ts';
import { type BulkAsk, type BulkPreview, previewBulk, performBulk } from '../../operations/bulk.ts';
import { actorOf, namedActor, operating, required, subjectOf } from '../operator.ts';
import { awaiting, EXIT, moneyJson, moneyText } from '../print.ts';
import { startProgress } from '../progress.ts';
import { UsageError } from '../usage.ts';
import { knownKind, wholeNumber } from './stuck.ts';

const GAVE_UP = WORK_KINDS.filter((kind) => STUCK[kind].gaveUp === true);

const COMMON = {
  reason: { type: 'string' },
  actor: { type: 'string' },
  preview: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
} as const;

interface Common {
  readonly reason?: string | undefined;
  readonly actor?: string | undefined;
  readonly preview: boolean;
  readonly json: boolean;
}

/** `retry-failed [--kind K]… [--seller ID] …`: retries what failed for good, after an outage. */
export async function retryFailed(args: string[], env: NodeJS.ProcessEnv): Promise<string> {
  const { values } = parseArgs({
    args,
    options: {
      ...COMMON,
      kind: { type: 'string', multiple: true, default: GAVE_UP },
      seller: { type: 'string' },
      order: { type: 'string' },
      currency: { type: 'string' },
      error: { type: 'string' },
    },
  });
  const stuck = {
    olderThanMinutes: 0,
    kinds: values.kind.map(knownKind),
    sellerId: values.seller,
    orderId: values.order,
    currency: values.currency?.toUpperCase(),
    error: values.error,
  };
  return onMany(env, values, 'retry', async () => ({ action: 'retry', filter: { stuck } }));
}

/** `replay-webhook ID… | --outcome O [--older-than M] [--newer-than M]`: dispatches stored webhooks again. */
export async function replayWebhook(args: string[], env: NodeJS.ProcessEnv): Promise<string> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      ...COMMON,
      outcome: { type: 'string' },
      'older-than': { type: 'string' },
      'newer-than': { type: 'string' },
    },
  });
  const outcome = WEBHOOK_OUTCOMES.find((name) => name === values.outcome);
  if (values.outcome !== undefined && outcome === undefined)
    throw new UsageError(`--outcome: expected one of ${WEBHOOK_OUTCOMES.join(', ')}`);
  if (positionals.length === 0 && outcome === undefined)
    throw new UsageError('say which: ids of webhooks, or --outcome');
  const minutes = (option: 'older-than' | 'newer-than') => {
    const text = values[option];
    return text === undefined ? undefined : wholeNumber(`--${option}`, text);
  };
  return onMany(env, values, 'replay', async (deps) => {
    const subjects = await Promise.all(positionals.map((id) => subjectOf(deps, id)));
    const ids = subjects.map((subject) => {
      if (subject.startsWith('webhook/')) return subject.slice('webhook/'.length);
      throw new UsageError(`${subject} is no webhook`);
    });
    const filter = {
      ...(outcome !== undefined && { outcome }),
      ...(ids.length > 0 && { ids }),
      olderThanMinutes: minutes('older-than'),
      newerThanMinutes: minutes('newer-than'),
    };
    return { action: 'replay_webhook', filter: { webhooks: filter } };
  });
}

/** Acts on exactly the rows that are there now: if one changes before its turn, nothing is done. */
async function onMany(
  env: NodeJS.ProcessEnv,
  values: Common,
  what: string,
  askOf: (deps: Parameters<typeof previewBulk>[0]) => Promise<BulkAsk>,
): Promise<string> {
  const reason = values.preview
    ? ''
    : required(values.reason, '--reason', 'why; it is kept in the audit log');
  return operating(env, async (deps) => {
    const ask = await askOf(deps);
    const preview = await previewBulk(deps, ask, namedActor(env, values));
    if (values.preview) return shown(preview, values.json);
    const by = await actorOf(deps, env, values);
    if (preview.count === 0) return values.json ? JSON.stringify({ done: { count: 0 } }) : 'no row matches';
    const progress = startProgress(process.stderr, what);
    const act = { ...by, reason };
    const performed = await performBulk(deps, ask, preview.fingerprint, act, (done) =>
      progress.show(done, preview.count),
    ).finally(() => progress.end());
    if ('awaitsApproval' in performed) return awaiting(performed.awaitsApproval, values.json);
    const { count, totals, told } = performed.done;
    if (values.json)
      return JSON.stringify({
        done: { count, totals: totals.map(moneyJson), told, has_more: preview.hasMore },
      });
    const lines = Object.entries(told).map(([note, times]) => `${times}: ${note}`);
    const more = preview.hasMore ? ['more rows match: do it again'] : [];
    return [
      `${count} rows${totals.map((total) => `, ${moneyText(total)}`).join('')}`,
      ...lines,
      ...more,
    ].join('\n');
  });
}

function shown(preview: BulkPreview, json: boolean): string {
  if (preview.count === 0) process.exitCode = EXIT.found;
  const { count, totals, rows, needsSecondAdmin, hasMore } = preview;
  if (json) {
    return JSON.stringify({
      preview: {
        ...{ count, totals: totals.map(moneyJson), needs_second_admin: needsSecondAdmin, has_more: hasMore },
        rows: rows.map(({ subject, status, money }) => ({ subject, status, ...moneyJson(money) })),
      },
    });
  }
  return [
    ...rows.map(({ subject, status, money }) => `${subject}  ${status}  ${moneyText(money)}`),
    `${count} rows${totals.map((total) => `, ${moneyText(total)}`).join('')}${hasMore ? ', and more that match' : ''}`,
    ...(needsSecondAdmin ? ['A second admin has to agree.'] : []),
    'Nothing has been done.',
  ].join('\n');
}
