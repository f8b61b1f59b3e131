import { execFileSync } from 'node:child_process';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type Bench, ENGINES } from './bench.ts';
import { history } from './history/index.ts';
import { reads } from './http/reads.ts';
import { webhook } from './http/webhook.ts';
import { ack } from './refunds/ack.ts';
import { overload } from './refunds/overload.ts';
import { saga } from './refunds/saga.ts';
import { session } from './refunds/session.ts';
import { storm } from './refunds/storm.ts';
import { statement } from './statement/index.ts';
import { subscriptions } from './subscriptions/index.ts';
import { sweep } from './sweep/index.ts';
import { worker } from './worker/index.ts';

const BENCHES: Readonly<Record<string, Bench>> = {
  ack,
  session,
  saga,
  overload,
  history,
  reads,
  webhook,
  sweep,
  statement,
  storm,
  worker,
  subscriptions,
};

const USAGE = `npm run bench [-- --only NAME]… [--rounds N] [--rows N[,N]…] [--part N] [--engine NAME] [--json]

Runs on embedded parts of its own, the compiled code included, and prints what it found with the machine and the commit.
  ack        refunds acknowledged, 1 and 50 at a time, beside the engine's floor and bench/peers; --part a round (500)
  session    refunds acknowledged, 1 and 10 at a time, with the read of session and user beside the same without; --part a round (500)
  saga       whole refunds with one reversal, --rows at a time (1,10,50,200), beside the same; --part a round (500)
  overload   refunds at --rows times (1,2,4) of what each of these carries, for --part seconds a rate (20)
  history    events, workflow tasks and billable actions of a refund by its path, beside the naive design; --rounds of each (5)
  reads      GET of an order and a refund, --rows at a time (1,32,200), beside a bare handler; --part a round (2000)
  webhook    signed webhooks, --rows at a time (32), beside a bare handler; --part a round (1000)
  sweep      reconciliation over --rows healthy rows (1000000) and --part stuck ones (10000), and --rounds (5) of looking alone
  statement  the matching of settlement files of --rows rows each (10000,100000,1000000), --rounds (5) times, against COPY and one join
  storm      --part (10000) refunds in one burst, Stripe at 100 a second, beside that limit and the engine's own
  worker     memory of a worker with --rows (1000,10000) waiting refunds, and --rounds (5) kills: one of them told meanwhile
  subscriptions  memory of a worker with --rows (1000,100000) open subscriptions, and --part (10000) more, due within a minute

  --engine   sqlite (Temporal's dev server) or postgresql (the server of docker-compose.yml) for what makes refunds`;

const { values } = parseArgs({
  options: {
    only: { type: 'string', multiple: true },
    rounds: { type: 'string' },
    rows: { type: 'string' },
    part: { type: 'string' },
    engine: { type: 'string', default: 'sqlite' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
/** What says how much is measured. */
const SIZES = ['rows', 'part', 'rounds'] as const;
const names = values.only ?? Object.keys(BENCHES);
const engine = ENGINES.find((one) => one === values.engine);
if (values.help || engine === undefined || names.some((name) => BENCHES[name] === undefined)) {
  console.log(USAGE);
  process.exit(values.help ? 0 : 2);
}

const startedAtMs = Date.now();
const say = (line: string) =>
  void process.stderr.write(`${((Date.now() - startedAtMs) / 1000).toFixed(0).padStart(5)} s  ${line}\n`);
const wholeNumber = (name: string, text: string) => {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value > 0) return value;
  console.error(`--${name}: expected a whole number above 0\n\n${USAGE}`);
  process.exit(2);
};
const count = (name: 'rounds' | 'part') =>
  values[name] === undefined ? {} : { [name]: wholeNumber(name, values[name]) };
const rows = values.rows?.split(',').map((text) => wholeNumber('rows', text));
const options = { say, engine, ...count('rounds'), ...count('part'), ...(rows && { rows }) };

const project = fileURLToPath(new URL('../', import.meta.url));
const results: Record<string, object> = {};
for (const name of names) results[name] = await BENCHES[name]!(options);
const found = {
  at: new Date().toISOString(),
  // What differs from its commit says so: nobody could measure it again.
  commit: execFileSync('git', ['describe', '--always', '--dirty', '--exclude=*'], {
    cwd: project,
    encoding: 'utf8',
  }).trim(),
  engine,
  sizes: SIZES.flatMap((name) => (values[name] === undefined ? [] : [`--${name} ${values[name]}`])),
  node: process.version,
  machine: {
    processors: availableParallelism(),
    model: cpus()[0]?.model,
    memoryGib: Math.round(totalmem() / 2 ** 30),
  },
  results,
};
process.stdout.write(`${JSON.stringify(found, null, values.json ? 0 : 2)}\n`);
process.exit(0);
