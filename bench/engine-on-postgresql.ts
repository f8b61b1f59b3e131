import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readComposeFile, servicesOf } from '../sandbox/composition/compose-file.ts';
import { startEngine } from '../sandbox/composition/engine.ts';
import { programFolder } from '../sandbox/composition/programs.ts';
import { newSecrets, NO_SECRETS } from '../sandbox/composition/secrets.ts';
import type { EmbeddedPostgres } from '../stack/postgres.ts';

/**
 * The engine as docker-compose.yml runs it, on the PostgreSQL of everything else: what PostgreSQL does for it is counted
 * as PostgreSQL's. Its server is built with Go once, in three to six minutes.
 */
export async function startEngineOnPostgresql(
  dir: string,
  postgres: EmbeddedPostgres,
  say: (line: string) => void,
) {
  const project = fileURLToPath(new URL('../', import.meta.url));
  const progress = { say, tick: () => undefined };
  const file = readComposeFile(join(project, 'docker-compose.yml'), {
    ...newSecrets(),
    ...NO_SECRETS,
    HYPERSWITCH_BASE_URL: 'http://127.0.0.1:9',
  });
  const programs = await programFolder(join(dir, 'programs'), file, { env: process.env, progress });
  const ground = { project, programs, logs: join(dir, 'logs') };
  const { server, address } = await startEngine(servicesOf(file), postgres, ground, progress);
  return { address, namespace: 'default', pid: server.pid, stop: () => server.stop() };
}
