import { join } from 'node:path';
import { freePort, type Progress } from '../../stack/index.ts';
import type { ComposeService } from './compose-file.ts';
import { makeDatabases } from './databases.ts';
import { endsWell, type Ground, runToEnd, start } from './services.ts';

/**
 * Temporal's real server on PostgreSQL, as docker-compose.yml describes it: the databases, their schema, the server with
 * its four services, and the namespace. PostgreSQL's data folder has to be empty.
 */
export async function startEngine(
  service: (name: string) => ComposeService,
  postgres: { readonly url: string; readonly port: number },
  ground: Ground,
  progress: Progress,
) {
  await makeDatabases(
    postgres.url,
    join(ground.project, 'deploy/postgres/10-databases.sql'),
    service('postgres').environment,
  );
  progress.say('temporal-schema');
  const sql = { SQL_HOST: '127.0.0.1', SQL_PORT: String(postgres.port) };
  await runToEnd('temporal-schema', service('temporal-schema'), sql, ground);
  progress.say('temporal');
  const started = await startTemporalServer(service('temporal'), postgres.port, ground);
  try {
    progress.say('temporal-namespace');
    const at = { TEMPORAL_ADDRESS: started.address };
    await runToEnd('temporal-namespace', service('temporal-namespace'), at, ground);
    return started;
  } catch (error) {
    await started.server.stop();
    throw error;
  }
}

/** Nine ports, where a container has them all to itself. */
async function startTemporalServer(service: ComposeService, postgresPort: number, ground: Ground) {
  const ports = Object.fromEntries(
    await Promise.all(
      ['FRONTEND', 'MATCHING', 'HISTORY', 'WORKER']
        .flatMap((name) => [`${name}_GRPC_PORT`, `${name}_MEMBERSHIP_PORT`])
        .concat('FRONTEND_HTTP_PORT')
        .map(async (name) => [name, String(await freePort())] as const),
    ),
  );
  const address = `127.0.0.1:${ports['FRONTEND_GRPC_PORT']}`;
  const [root, config] = [join(ground.project, 'deploy'), 'temporal'];
  const server = await start(
    'temporal',
    {
      ...service,
      entrypoint: (service.entrypoint ?? []).map((word) => ({ '/etc/temporal': root, config })[word] ?? word),
    },
    {
      ...ports,
      BIND_ON_IP: '127.0.0.1',
      SQL_ADDRESS: `127.0.0.1:${postgresPort}`,
      PROMETHEUS_ENDPOINT: `127.0.0.1:${await freePort()}`,
    },
    ground,
    (environment) => {
      const [, ...check] = service.healthcheck?.test ?? [];
      const [program = 'false', ...args] = check.map((word) => (word === '127.0.0.1:7233' ? address : word));
      return endsWell([join(ground.programs, program), ...args], environment);
    },
  );
  return { server, address };
}
