import { Connection } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { readVariables } from '../config.ts';

/**
 * Connects to the Temporal that the environment names: address and namespace are ours, TLS and API key those of
 * Temporal's own profile files and variables. Throws where no server answers.
 */
export async function connectTemporal(env: NodeJS.ProcessEnv): Promise<Connection> {
  const { TEMPORAL_ADDRESS } = readVariables(env, ['TEMPORAL_ADDRESS']);
  const { tls, apiKey, metadata } = loadClientConnectConfig().connectionOptions;
  try {
    return await Connection.connect({
      address: TEMPORAL_ADDRESS,
      // The SDK's own patience is ten seconds, which a person at a prompt does not have.
      connectTimeout: '4s',
      ...(tls !== undefined && { tls }),
      ...(apiKey !== undefined && { apiKey }),
      ...(metadata !== undefined && { metadata: metadata as Record<string, string> }),
    });
  } catch (error) {
    throw new Error(`no Temporal server answers at ${TEMPORAL_ADDRESS}`, { cause: error });
  }
}
