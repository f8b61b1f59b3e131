import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { migrateDatabase } from '../../db/migrate.ts';
import { connectNow } from '../../engine/connect.ts';
import { BUNDLE_FILES, bundleWorkflows, type Failures } from '../../engine/workflow-bundle.ts';
import { setUpTemporal } from '../../ops/temporal-setup.ts';

/** Once a run: the migrated template, the search attributes, and the bundles for the workers of every suite. */
export async function prepareRun(services: {
  readonly templateUrl: string;
  readonly temporalAddress: string;
  readonly scratchDir: string;
}): Promise<{ workflowBundlePaths: Record<Failures, string> }> {
  const connection = await connectNow({ TEMPORAL_ADDRESS: services.temporalAddress });
  try {
    const [plain, encoded] = await Promise.all([
      bundle('plain'),
      bundle('encoded'),
      migrateDatabase(services.templateUrl),
      setUpTemporal(connection, 'default'),
    ]);
    return { workflowBundlePaths: { plain, encoded } };
  } finally {
    await connection.close();
  }
  async function bundle(failures: Failures): Promise<string> {
    const logger = { log() {}, trace() {}, debug() {}, info() {}, warn() {}, error: console.error };
    const { code } = await bundleWorkflows(failures, { logger });
    const path = join(services.scratchDir, BUNDLE_FILES[failures]);
    await writeFile(path, code);
    return path;
  }
}
