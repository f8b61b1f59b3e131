import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

// `npm run check:alerts`: Prometheus' own tool reads the configuration and plays the alerts' tests.

const promtool = process.env['PROMTOOL_PATH'] || 'promtool';
const cwd = fileURLToPath(new URL('../deploy/prometheus', import.meta.url));

for (const args of [
  ['check', 'config', 'prometheus.yml'],
  ['test', 'rules', 'alerts.test.yml'],
]) {
  const { status, error } = spawnSync(promtool, args, { cwd, stdio: 'inherit' });
  if (error) {
    console.error(
      `The alerts were not checked: ${promtool} cannot be run (${error.message}).\n` +
        "It comes with Prometheus: Debian's package `prometheus`, or a release of github.com/prometheus/prometheus.\n" +
        'Put it on the PATH, or name it in PROMTOOL_PATH.',
    );
  }
  if (status !== 0) process.exit(status ?? 1);
}
