import { execFileSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { fileURLToPath } from 'node:url';
import { startComposition } from '../composition/index.ts';
import { consoleProgress, shutDown } from '../../stack/index.ts';
import { endedWell, play, SECONDS_NOT_MINUTES } from './play.ts';
import { createTeller } from './teller.ts';

const USAGE = `npm run compose:local [-- --exit] [--json] [--kill] [--no-build]

docker-compose.yml without Docker: PostgreSQL, Temporal's real server on it, its UI, two API processes behind a balancer,
two workers, all compiled, with secrets made for this run; then the demo is played against it. The first run builds
Temporal's server with Go. Logs are in .veza/compose.

  --exit      stops when the play is over, instead of leaving everything up
  --json      prints one object on standard output; what happens goes to standard error
  --kill      SIGKILLs one API and one worker in the middle of the Stripe outage, and starts neither again
  --no-build  runs what dist/ holds`;

const { values } = parseArgs({
  options: {
    exit: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    kill: { type: 'boolean', default: false },
    'no-build': { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  console.log(USAGE);
  process.exit(0);
}

const progress = consoleProgress();
const teller = createTeller(values.json ? process.stderr : process.stdout);
if (!values['no-build']) {
  progress.say('npm run build');
  const script = fileURLToPath(new URL('../../scripts/build.ts', import.meta.url));
  execFileSync(process.execPath, ['--import', import.meta.resolve('tsx'), script], {
    stdio: ['ignore', process.stderr, process.stderr],
  });
}
const composition = await startComposition({ progress, env: SECONDS_NOT_MINUTES });

/** The second of each carries on alone. */
const killHalf = () => {
  const killed = [composition.apis[0], composition.workers[0]].flatMap((server) => server?.pid ?? []);
  for (const pid of killed) process.kill(pid, 'SIGKILL');
  return `SIGKILL to one of two APIs and to one of two workers (processes ${killed.join(', ')})`;
};
const summary = await play(composition, teller, values.kill ? killHalf : null);
if (values.json) process.stdout.write(`${JSON.stringify(summary, null, 2)}\n`);
else teller.summary(summary);
for (const [upstream, times] of composition.answered) teller.detail(`${upstream} answered ${times} requests`);

const good = endedWell(summary) && [...composition.answered.values()].every((times) => times > 0);
if (!good) teller.step('This is not how the play should end: see the summary.');
if (values.exit || !good) await shutDown(good ? 0 : 1);
teller.step('Everything stays up for you to look at. Ctrl-C stops it.');
