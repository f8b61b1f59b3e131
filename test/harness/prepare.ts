import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bundleWorkflowCode } from '@temporalio/worker';
import { fileURLToPath } from 'node:url';
import { migrateDatabase } from '../../db/migrate.ts';
import { connectNow } from '../../engine/connect.ts';
import { setUpTemporal } from '../../ops/temporal-setup.ts';

/** Once a run: the migrated template, the search attributes, and one bundle for the workers of every suite. */
export async function prepareRun(services: {
  readonly templateUrl: string;
  readonly temporalAddress: string;
  readonly scratchDir: string;
}): Promise<{ workflowBundlePath: string }> {
  const connection = await connectNow({ TEMPORAL_ADDRESS: services.temporalAddress });
  try {
    const [, , { code }] = await Promise.all([
      migrateDatabase(services.templateUrl),
      setUpTemporal(connection, 'default'),
      bundleWorkflowCode({
        workflowsPath: fileURLToPath(new URL('../../workflows/index.ts', import.meta.url)),
        workflowInterceptorModules: [fileURLToPath(new URL('../../workflows/origin.ts', import.meta.url))],
        logger: { log() {}, trace() {}, debug() {}, info() {}, warn() {}, error: console.error },
      }),
    ]);
    const workflowBundlePath = join(services.scratchDir, 'workflow-bundle.js');
    await writeFile(workflowBundlePath, code);
    return { workflowBundlePath };
  } finally {
    await connection.close();
  }
}
