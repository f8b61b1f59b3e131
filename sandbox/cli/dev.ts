import { watch } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { consoleProgress } from '../../stack/index.ts';
import { startVeza } from './veza.ts';

/** Several files change at once when a branch is switched or a formatter runs. */
const SETTLE_MS = 200;
const SOURCES = [
  'config',
  'domain',
  'workflows',
  'activities',
  'engine',
  'inbox',
  'operations',
  'observe',
  'comparison',
  'providers',
  'api',
  'db',
  'ops',
];
const ROOTS = ['worker.ts', 'server.ts', 'config.ts', 'log.ts'];

const progress = consoleProgress();
const veza = await startVeza({ progress, onLine: (line) => console.log(line), autoPay: true });
console.log(`
  API             ${veza.apiUrl}/api/v1
  reference       ${veza.apiUrl}/docs
  Temporal's UI   ${veza.temporalUiUrl ?? 'of the server you named'}
  stand-in PSP    ${veza.psp.url}/_sandbox      (buyers pay by themselves)
  stand-in Stripe ${veza.stripe.url}/_sandbox
  mails           ${veza.mailsUrl}      (caught: none leaves this machine)
  sign-ins        ${veza.apiUrl}/api/v1/auth/oauth/github      (google, discord, spotify, oidc; a stand-in says yes)
  people          set -a; . .veza/dev.env; npm run ops -- seed

Ctrl-C stops everything; what it holds is there again next time. Sources are watched: API and worker reload.
`);

const project = fileURLToPath(new URL('../../', import.meta.url));
let settling: NodeJS.Timeout | undefined;
const reload = (path: string) => {
  clearTimeout(settling);
  settling = setTimeout(() => {
    console.log(`${path} changed: reloading`);
    void Promise.all([veza.api.restart(), veza.worker.restart()]);
  }, SETTLE_MS);
};
for (const folder of SOURCES) {
  watch(join(project, folder), { recursive: true }, (_, name) => reload(join(folder, name ?? '')));
}
for (const file of ROOTS) watch(join(project, file), () => reload(file));
