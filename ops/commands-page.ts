import type { Command } from './commands/command.ts';
import { COMMANDS } from './commands/index.ts';
import { markdownTable, withPart } from './markdown.ts';
import { optionText } from './usage.ts';

/** Every script of package.json and what it does, by who runs it; a test compares the names with package.json. */
export const NPM_SCRIPTS = {
  trying: {
    demo: 'starts everything on this machine and plays the main job: a purchase, a refund while Stripe is down, the reversals, a partial refund, a lost webhook, a subscription whose renewal is declined and recovers, the audit. `-- --exit` stops when it is over, `-- --json` prints one object, `-- --kill-worker` kills the worker in the middle',
    dev: "keeps the whole stack up and reloads API and worker when sources change; the stand-in PSP's buyers pay by themselves, mails are caught and shown, and stand-ins play the providers that people sign in by. State is kept in `.veza/`, the environment in `.veza/dev.env`",
    stuck:
      "`-- NAME` makes one of the runbook's stuck situations, to look at and to solve; `-- --list` names them",
    'compose:local':
      'runs `docker-compose.yml` without Docker, two APIs and two workers, and plays the demo on it; `-- --kill` kills one of each in the middle',
  },
  checking: {
    test: 'the whole test suite, on the same real parts as the demo',
    coverage: 'the same, and which lines of this process it ran',
    verify: 'format, lint, walls, types and dead code: in seconds, without services',
    'verify:floor': 'the types, on the oldest Node that `engines` allows',
    format: 'formats every file',
    walls: 'writes the lint rules of the walls from the table of kinds and ranks',
    faults:
      'buys, subscribes and refunds while webhooks are lost and the worker is killed, has people register and sign in while the mail server fails and their API is killed, drains what is stuck, and compares every row with the providers’ books; two minutes, `-- --help` for the long run',
    bench:
      'measures, round after round in one run beside what it is compared with: `-- --only ack` and `-- --only saga` refunds beside the engine’s floor and the peers of `bench/peers`, `-- --only session` refunds with the session read and without, `-- --only overload` more of them than can be carried, `-- --only history` what one costs the engine by its path, `-- --only reads` and `-- --only webhook` requests beside bare handlers, `-- --only sweep` a drain of 10,000 stuck rows among a million, `-- --only statement` settlement files of up to a million rows, `-- --only storm` a burst of refunds while Stripe is limited, `-- --only worker` the memory of waiting refunds and what follows a SIGKILL, `-- --only subscriptions` the memory of 100,000 that sleep and 10,000 renewals due in one minute; `--rounds`, `--rows` and `--part` make it shorter, `--json` prints one line',
    'bench:docs':
      'makes `docs/benchmarks.md` and its plots of results: `-- result.json…`, as `npm run bench -- --json` prints them',
    'check:alerts':
      "has Prometheus' `promtool` read `deploy/prometheus` and play the alerts' tests; says where `promtool` is missing",
    'check:compose': "reads `docker-compose.yml` with Compose's own loader, and lints the Dockerfile",
  },
  running: {
    build: 'compiles to `dist/`: JavaScript, and the workflows as minified bundles',
    start: 'the API process, from `dist/`; expects real services and embeds nothing',
    worker: 'the worker process, from `dist/`, in the same way',
    'db:migrate': 'brings a database to what this version needs; may run again, and while Veza runs',
    'temporal:setup':
      'the same for a Temporal namespace: search attributes and the schedules of sweep, revenue, mails and upkeep',
    ops: "the operators' command line, see below",
    audit:
      "checks the invariants of the books on any database (docs/invariants.md); exits 1 where one is broken. `-- --providers` also compares the PSP's and Stripe's books",
  },
  writing: {
    'config:docs':
      'writes `.env.example` and the generated tables: commands, variables, invariants, lists in the runbook',
    'docs:security': 'writes the table of routes and roles in docs/security.md',
    'privacy:docs': 'writes the tables of classes in docs/privacy.md',
    'docs:screenshots': 'takes all pictures anew, with Chromium',
    'db:snapshot': 'writes `db/schema.snapshot.sql` after a migration',
    'histories:record': 'records the histories anew that the suite replays (docs/upgrading.md)',
    'lock:complete':
      "adds other platforms' optional packages to `package-lock.json`, so that `npm ci` takes it",
  },
} as const satisfies Readonly<Record<string, Readonly<Record<string, string>>>>;

/** npm runs these without `run`. */
const SHORT: ReadonlySet<string> = new Set(['start', 'test']);

const scriptsTable = (scripts: Readonly<Record<string, string>>) =>
  markdownTable([
    ['command', 'what it does'],
    ...Object.entries(scripts).map(([name, about]) => [
      `\`npm ${SHORT.has(name) ? '' : 'run '}${name}\``,
      about,
    ]),
  ]);

const opsTable = (commands: readonly Command[]) =>
  markdownTable([
    ['command', 'options', 'what it does'],
    ...commands.map(({ name, operands, options, about }) => [
      `\`${operands === undefined ? name : `${name} ${inTable(operands)}`}\``,
      options.map((option) => `\`${inTable(optionText(option))}\``).join(' '),
      about,
    ]),
  ]);

/** A bar ends a cell, also inside a code span. */
const inTable = (text: string) => text.replaceAll('|', '\\|');

/** The page of commands with its tables between their markers. Throws where they are missing. */
export function withCommandTables(page: string): string {
  const withScripts = Object.entries(NPM_SCRIPTS).reduce(
    (text, [name, scripts]) => withPart(text, name, scriptsTable(scripts)),
    page,
  );
  return withPart(withScripts, 'ops', opsTable(COMMANDS));
}
