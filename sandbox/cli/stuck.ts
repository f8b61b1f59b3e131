import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { storyPath } from '../../ops/console/views/links.ts';
import { SITUATIONS } from '../situations/index.ts';
import { openScene } from '../situations/scene.ts';
import type { Made, Situation } from '../situations/situation.ts';
import { consoleProgress, shutDown, stopWithProcess } from '../../stack/index.ts';
import { startVeza } from './veza.ts';

const USAGE = `npm run stuck [-- --list] [-- NAME…]

Makes the stuck situations of docs/runbook.md on the embedded stack, all of them or those named, and says where each can
be seen. The stack stays up until Ctrl-C. A name typed then takes that situation's cause away: Stripe is back, the seller
has connected an account. no-worker switches the worker off, so that nothing else can be solved before its cause is gone.
What is to be done after that is in the runbook.

  --list  prints the names`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { list: { type: 'boolean', default: false }, help: { type: 'boolean', default: false } },
});
const unknown = positionals.filter((name) => !SITUATIONS.some((situation) => situation.name === name));
if (values.help || unknown.length > 0) {
  if (unknown.length > 0) console.error(`no such situation: ${unknown.join(', ')} (--list names them)\n`);
  console.log(USAGE);
  process.exit(unknown.length > 0 ? 2 : 0);
}
if (values.list) {
  for (const { name, title } of SITUATIONS) console.log(`${name.padEnd(26)} ${title}`);
  process.exit(0);
}

const veza = await startVeza({
  progress: consoleProgress(),
  onLine: (line) => process.env['VERBOSE'] && console.log(line),
  autoPay: false,
  // What waits, waits for long enough to be looked at.
  env: { LOG_LEVEL: 'warn', REVERSAL_BACKOFF_BASE: '30m', TRANSFER_RETRY_BACKOFF_BASE: '30m' },
});
const scene = await openScene(veza);
stopWithProcess(() => scene.close());

const made = new Map<string, Made>();
const wanted: readonly Situation[] = SITUATIONS.filter(
  ({ name }) => positionals.length === 0 || positionals.includes(name),
);
for (const { name, title, make } of wanted) {
  const one = await make(scene);
  made.set(name, one);
  console.log(`\n${name}: ${title}\n  console        ${veza.apiUrl}${storyPath(one.subject)}`);
  const workflow = encodeURIComponent(one.workflowId ?? one.subject);
  if (veza.temporalUiUrl !== null) {
    console.log(`  Temporal's UI  ${veza.temporalUiUrl}/namespaces/default/workflows/${workflow}`);
  }
}
console.log(`\nAn admin signs in to the console as ${scene.admin.email}: ${scene.admin.password}\n`);

const lines = createInterface(process.stdin);
lines.on('line', (line) => {
  const name = line.trim();
  const one = made.get(name);
  if (one === undefined) {
    console.log(`not made here: ${name}`);
    return;
  }
  one.heal().then(
    () => console.log(`${name}: its cause is gone. docs/runbook.md#situation-${name}`),
    async (error: unknown) => {
      console.error(error);
      await shutDown(1);
    },
  );
});
