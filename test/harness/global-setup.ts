import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import type { Failures } from '../../engine/workflow-bundle.ts';
import { endSync, identityOf } from '../../stack/identity.ts';
import { createDatabase, startPostgres } from '../../stack/postgres.ts';
import { consoleProgress } from '../../stack/progress.ts';
import { makeScratch } from '../../stack/scratch.ts';
import { startTemporal } from '../../stack/temporal.ts';
import { findVersitygw } from '../../stack/versitygw.ts';
import { prepareRun } from './prepare.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** The whole run's PostgreSQL, as its superuser: postgres://…/postgres */
    postgresUrl: string;
    /** The database that suites copy for themselves. */
    templateDatabase: string;
    temporalAddress: string;
    /** Its Web UI. */
    temporalUiUrl: string;
    /** For files that the whole run shares; removed after it. */
    scratchDir: string;
    /** The workflows' code, bundled once for the workers of every suite: with and without encryption. */
    workflowBundlePaths: Record<Failures, string>;
  }
}

export interface RunServices {
  postgresUrl: string;
  templateDatabase: string;
  /** No connection to it may be left open: PostgreSQL copies only what no one uses. */
  templateUrl: string;
  temporalAddress: string;
  temporalUiUrl: string;
  scratchDir: string;
}

const TEMPLATE = 'veza_template';

/** One PostgreSQL and one Temporal for the whole run: starting them is dearer than a database or a task queue. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const scratch = await makeScratch();
  const servers: { pid: number; stop(): Promise<void> }[] = [];
  const cutShort = () => {
    for (const { pid } of servers) endAtOnce(pid);
    scratch.remove();
  };
  // When it is interrupted vitest ends within a millisecond, without a teardown.
  process.once('exit', cutShort);
  process.once('SIGHUP', () => process.exit(129));

  const teardown = async () => {
    await Promise.all(servers.splice(0).map((server) => server.stop()));
    process.off('exit', cutShort);
    scratch.remove();
  };
  try {
    const services = await startBoth(scratch.dir, servers);
    // Sooner than a test waits for it. Where it cannot be built, those tests say so that need it.
    await findVersitygw(process.env, consoleProgress()).catch(() => undefined);
    const prepared = await prepareRun(services);
    project.provide('workflowBundlePaths', prepared.workflowBundlePaths);
    const { templateUrl: _, ...provided } = services;
    for (const [name, value] of Object.entries(provided))
      project.provide(name as keyof typeof provided, value);
    return teardown;
  } catch (error) {
    await teardown();
    throw error;
  }
}

async function startBoth(
  dir: string,
  servers: { pid: number; stop(): Promise<void> }[],
): Promise<RunServices> {
  const started = await Promise.allSettled([
    startPostgres({ dataDir: join(dir, 'postgres'), durability: 'off' }),
    startTemporal({ logFile: join(dir, 'temporal.log'), progress: consoleProgress() }),
  ]);
  for (const server of started) if (server.status === 'fulfilled') servers.push(server.value);
  const [postgres, temporal] = started;
  if (postgres.status === 'rejected') throw postgres.reason;
  if (temporal.status === 'rejected') throw temporal.reason;

  const { uiUrl } = temporal.value;
  if (uiUrl === undefined) throw new Error("Temporal's server was started without its UI");
  await createDatabase(postgres.value.url, TEMPLATE);
  return {
    postgresUrl: postgres.value.url,
    templateDatabase: TEMPLATE,
    templateUrl: postgres.value.databaseUrl(TEMPLATE),
    temporalAddress: temporal.value.address,
    temporalUiUrl: uiUrl,
    scratchDir: dir,
  };
}

/** QUIT rather than KILL: PostgreSQL then takes its children and its shared memory with it. */
function endAtOnce(pid: number): void {
  const identity = identityOf(pid);
  if (identity) endSync(identity, 'SIGQUIT', 3_000);
}
