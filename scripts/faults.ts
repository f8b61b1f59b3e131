import { parseArgs } from 'node:util';
import { durationMs } from '../domain/kernel/duration.ts';
import { startVeza } from '../sandbox/cli/veza.ts';
import { newSecrets } from '../sandbox/composition/secrets.ts';
import type { FaultRun } from '../sandbox/faults/options.ts';
import { type FaultReport, runFaults } from '../sandbox/faults/run.ts';
import { makeScratch } from '../stack/scratch.ts';
import { consoleProgress, shutDown } from '../stack/index.ts';

const USAGE = `npm run faults [-- --minutes 1.5] [--loss 0.3] [--kill-every 30s] [--sweep-every 30s] [--buyers 4]
                 [--subscribers 6] [--members 4] [--rest 200ms] [--terminate 0] [--seed 1] [--json]

Starts a stack of its own, buys, subscribes and refunds on it while the providers misbehave, Stripe is away now and then, webhooks
are lost and the worker is killed; people register, sign in and reset while the mail server refuses, stalls, drops and is away, and
their API is killed. Then it drains what is stuck, and holds every row against the providers' books and the mails that were taken.

  --minutes     how long it buys
  --loss        of all webhooks, those that never arrive, not by any retry
  --kill-every  SIGKILL to the worker, which is started again, so long after it was ready the last time
  --sweep-every how often the schedule looks for what is stuck; a day for a drain that finds all of it
  --buyers      people who buy, each one thing after another; --rest: their pause between two purchases
  --subscribers people who subscribe, pay or do not, change, cancel and come back; a month takes half a minute
  --members     people who register, sign in, refresh in three tabs at once, change and reset passwords
  --terminate   of the refunds and subscriptions, those whose workflow is terminated by hand. One that the PSP has not got is failed only by
                two looks more than ten minutes apart, and the script waits for that
  --seed        which webhooks are lost and which calls fail: the same seed, the same choices in the same order
  --json        prints one object on standard output

The real run: --minutes 20 --kill-every 1m --sweep-every 5m. Exit codes: 0 all books agree, 1 they do not, and the rows are named.`;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1.5' },
    loss: { type: 'string', default: '0.3' },
    'kill-every': { type: 'string', default: '30s' },
    buyers: { type: 'string', default: '4' },
    subscribers: { type: 'string', default: '6' },
    members: { type: 'string', default: '4' },
    rest: { type: 'string', default: '200ms' },
    'sweep-every': { type: 'string', default: '30s' },
    terminate: { type: 'string', default: '0' },
    seed: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  console.log(USAGE);
  process.exit(0);
}
const run: FaultRun = {
  forMs: number('minutes', 0.1, 24 * 60) * 60_000,
  loss: number('loss', 0, 1),
  killEveryMs: duration('kill-every'),
  buyers: number('buyers', 1, 200),
  subscribers: number('subscribers', 0, 200),
  members: number('members', 0, 200),
  restMs: duration('rest'),
  terminate: number('terminate', 0, 1),
  seed: number('seed', 0, 2 ** 31),
};
duration('sweep-every');

function number(
  name: 'minutes' | 'loss' | 'buyers' | 'subscribers' | 'members' | 'terminate' | 'seed',
  least: number,
  most: number,
): number {
  const value = Number(values[name]);
  if (!(value >= least && value <= most)) refuse(`--${name}: expected a number from ${least} to ${most}`);
  return value;
}

function duration(name: 'kill-every' | 'rest' | 'sweep-every'): number {
  return durationMs(values[name]) ?? refuse(`--${name}: expected a duration such as 250ms, 30s or 1m`);
}

function refuse(problem: string): never {
  console.error(`${problem}\n\n${USAGE}`);
  process.exit(2);
}

/** Minutes in production; seconds here, so that a run of minutes meets every one of them. */
const SETTINGS = {
  LOG_LEVEL: 'error',
  PSP_RETRY_BASE: '500ms',
  PSP_RETRY_MAX: '10s',
  PSP_READ_LAG: '15s',
  STRIPE_READ_LAG: '15s',
  TRANSFER_RETRY_BACKOFF_BASE: '2s',
  TRANSFER_RETRY_BACKOFF_MAX: '20s',
  REVERSAL_BACKOFF_BASE: '3s',
  REVERSAL_BACKOFF_MAX: '30s',
  REVERSAL_CHECK_INTERVAL: '5s',
  RECONCILE_ORDER_STUCK_AFTER: '1s',
  RECONCILE_REFUND_STUCK_AFTER: '1s',
  RECONCILE_REFUND_ORPHAN_AFTER: '1s',
  RECONCILE_INTERVAL: values['sweep-every'],
  // Long enough that a sweep or a drain is first to find a payment whose webhook was lost, short enough to expire in the real run.
  ORDER_PAYMENT_TIMEOUT: '4m',
  // There are two buyers, and a third of all payments stays unheard of until a sweep.
  OPEN_ORDERS_MAX: '1000000',
  MAIL_RETRY_BASE: '1s',
  MAIL_RETRY_MAX: '5s',
  MAIL_GIVE_UP_AFTER: '60s',
  RECONCILE_INVOICE_STUCK_AFTER: '1s',
  // A month of billing time takes half a minute, and what its people need minutes for, seconds: two for a day of these.
  BILLING_TIME_SCALE: '87000',
  BILLING_TIME_START: new Date().toISOString(),
  SUBSCRIPTION_PAYMENT_TIMEOUT: '60d',
  SUBSCRIPTION_DUNNING: '5d,12d,20d',
  SUBSCRIPTION_RENEWAL_JITTER: '1d',
  SUBSCRIPTION_RENEWAL_GRACE: '10d',
  SUBSCRIPTION_QUOTE_TTL: '10d',
  // They look at their orders ten times a second.
  RATE_LIMIT_BEARER: '1000000',
  RATE_LIMIT_ANONYMOUS: '1000000',
};

const startedAtMs = Date.now();
const say = (line: string) =>
  void process.stderr.write(`${((Date.now() - startedAtMs) / 1000).toFixed(0).padStart(5)} s  ${line}\n`);

/** What API and worker said last, shown where the run fails: an answer of 500 names its reason there alone. */
const LAST_LINES = 40;
const lastLines: string[] = [];

const scratch = await makeScratch();
const onLine = (line: string) => {
  // Not what a bundler prints each time that a worker is started.
  if (/"level":|Error/.test(line) && lastLines.push(line) > LAST_LINES) lastLines.shift();
  if (process.env['VERBOSE']) say(line);
};
const { TRIAL_HASH_KEY, JWT_SECRET, PERSONAL_DATA_KEYS, ...others } = newSecrets();
const { HYPERSWITCH_API_KEY, HYPERSWITCH_WEBHOOK_SECRET, STRIPE_SECRET_KEY, STRIPE_WEBHOOK_SECRET } = others;
const veza = await startVeza({
  dir: scratch.dir,
  progress: consoleProgress(),
  onLine,
  // The API of accounts runs as in production, which refuses those of the embedded stack.
  secrets: {
    ...{ TRIAL_HASH_KEY, JWT_SECRET, PERSONAL_DATA_KEYS },
    ...{ HYPERSWITCH_API_KEY, HYPERSWITCH_WEBHOOK_SECRET, STRIPE_SECRET_KEY, STRIPE_WEBHOOK_SECRET },
  },
  autoPay: false,
  env: SETTINGS,
});
const report = await runFaults(veza, run, say, onLine).catch((error: unknown) => {
  for (const line of lastLines) say(line);
  throw error;
});
const isAtRest = Object.values(report.restless).every((count) => count === 0);
const isGood =
  isAtRest &&
  report.compared.differences.length === 0 &&
  report.accounts.compared.differences.length === 0 &&
  report.audited.violations === 0;
if (values.json) process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
else process.stdout.write(asText(report));
await veza.stop();
scratch.remove();
await shutDown(isGood ? 0 : 1);

function asText({
  bought,
  subscribed,
  accounts,
  webhooks,
  kills,
  stripeOutages,
  sweeps,
  drains,
  compared,
  audited,
  ...rest
}: FaultReport): string {
  const drained = drains.flatMap(({ report: phases }, place) => [
    `drain ${place + 1}`,
    ...Object.entries(phases).map(([phase, { seen, synced, left, failed, why }]) => {
      const because = Object.entries(why).map(([word, times]) => `${times} ${word}`);
      return `  ${phase.padEnd(14)} ${seen} seen, ${synced} synced, ${left} left, ${failed} failed  ${because.join(', ')}`;
    }),
  ]);
  const broken = audited.invariants.flatMap(({ number: invariant, violations, examples }) => [
    `invariant ${invariant}: ${violations} violations`,
    ...examples.map(({ subject, detail }) => `  ${subject}: ${detail}`),
  ]);
  return [
    '',
    `asked       ${bought.orders} orders, ${bought.disputes} disputes, ${bought.refunds} refunds (${bought.refusedRefunds} more refused, ${bought.repeated} calls repeated, ${bought.terminated} workflows terminated), ${bought.payouts} payouts (${bought.refusedPayouts} more refused)`,
    `subscribed  ${Object.entries(subscribed)
      .filter(([, count]) => typeof count === 'number')
      .map(([what, count]) => `${count} ${spelled(what)}`)
      .join(', ')}`,
    `refused     ${listed(subscribed.refused)}`,
    `joined      ${Object.entries(accounts.joined)
      .map(([what, count]) => `${count} ${spelled(what)}`)
      .join(', ')}`,
    `            ${accounts.compared.accounts} accounts, ${accounts.compared.sessions} sessions, ${accounts.compared.taken} mails taken; mails ${listed(accounts.compared.mails)}`,
    `faults      ${webhooks.lost} of ${webhooks.sent} webhooks lost, ${kills} kills, ${stripeOutages} outages of Stripe, ${bought.otherMode} events of its other mode; ${sweeps} sweeps by the schedule`,
    `unheard     ${rest.unheardBeforeDrain} orders, refunds, disputes and attempts before the first drain`,
    ...drained,
    `compared    ${compared.orders} orders, ${compared.invoices} invoices, ${compared.attempts} attempts, ${compared.refunds} refunds, ${compared.disputes} disputes, ${compared.transfers} transfers, ${compared.reversals} reversals, ${compared.payouts} payouts`,
    `            ${Object.entries(compared.statuses)
      .toSorted(([a], [b]) => a.localeCompare(b))
      .map(([status, count]) => `${count} ${status}`)
      .join(', ')}`,
    `flags       ${listed(rest.flags)}`,
    `restless    ${listed({ ...rest.restless })}`,
    ...broken,
    ...accounts.compared.differences.map((line) => `DIFFERS     ${line}`),
    ...compared.differences.map((line) => `DIFFERS     ${line}`),
    `${compared.differences.length + accounts.compared.differences.length} differences, ${audited.violations} violations`,
    '',
  ].join('\n');
}

function listed(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([what, count]) => `${count} ${what}`)
    .join(', ');
}

/** `paidInPerson` → `paid in person` */
function spelled(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}
