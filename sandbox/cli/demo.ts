import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { consoleProgress, shutDown } from '../../stack/index.ts';
import { endedWell, play, SECONDS_NOT_MINUTES, secondsNotMonths } from './play.ts';
import { createTeller } from './teller.ts';
import { startVeza } from './veza.ts';

const USAGE = `npm run demo [-- --exit] [--json] [--kill-worker] [--dir DIR]

  --exit         stops when the play is over, instead of leaving everything up
  --json         prints one object on standard output; what happens goes to standard error
  --kill-worker  SIGKILLs the worker in the middle of the Stripe outage; it is started again
  --dir DIR      keeps all state in DIR instead of .veza, on servers of its own whatever the environment names`;

const { values } = parseArgs({
  options: {
    exit: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    'kill-worker': { type: 'boolean', default: false },
    dir: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  console.log(USAGE);
  process.exit(0);
}

const teller = createTeller(values.json ? process.stderr : process.stdout);
const veza = await startVeza({
  ...(values.dir !== undefined && { dir: resolve(values.dir) }),
  progress: consoleProgress(),
  onLine: (line) => process.env['VERBOSE'] && teller.aside(line),
  autoPay: false,
  env: { LOG_LEVEL: 'warn', ...SECONDS_NOT_MINUTES, ...secondsNotMonths() },
});
const killWorker = () => {
  const { pid } = veza.worker;
  veza.worker.kill();
  return `SIGKILL to the worker (process ${pid}) in the middle of its waits`;
};
const summary = await play(veza, teller, values['kill-worker'] ? killWorker : null);
if (values.json) process.stdout.write(`${JSON.stringify(summary, null, 2)}\n`);
else teller.summary(summary);

const good = endedWell(summary);
if (!good) teller.step('This is not how the play should end: see the summary.');
if (values.exit || !good) await shutDown(good ? 0 : 1);
teller.step('Everything stays up for you to look at. Ctrl-C stops it.');
