import type { Client, Connection } from '@temporalio/client';
import { readVariables } from '../config.ts';
import { connectNow, createClient } from '../engine/connect.ts';

/** The SDK's ten seconds are too long for a person at a prompt. */
const PATIENCE = '4s';

/** Connects to the Temporal that the environment names. Throws where no server answers. */
export async function connectTemporal(
  env: NodeJS.ProcessEnv,
): Promise<{ readonly connection: Connection; readonly client: Client }> {
  const settings = readVariables(env, [
    'TEMPORAL_ADDRESS',
    'TEMPORAL_NAMESPACE',
    'PAYLOAD_ENCRYPTION_KEYS',
    'PAYLOAD_ENCRYPTION_KEY_ID',
  ]);
  const connection = await connectNow(settings, { connectTimeout: PATIENCE }).catch((error: unknown) => {
    throw new Error(`no Temporal server answers at ${settings.TEMPORAL_ADDRESS}`, { cause: error });
  });
  return { connection, client: createClient(connection, settings) };
}
