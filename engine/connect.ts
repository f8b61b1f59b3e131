import {
  Client,
  type ClientOptions,
  Connection,
  type ConnectionOptions,
  defaultGrpcRetryOptions,
  makeGrpcRetryInterceptor,
} from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { dataConverter, type EncryptionSettings } from './converter.ts';

// The only place that connects to Temporal: API, worker, operators' commands, the embedded stack and tests all use
// it.

/** gRPC's own limit is two minutes: the API would answer 503 for that long after Temporal is back. */
const RECONNECT_MAX_MS = 2_000;

/**
 * By `RESOURCE_EXHAUSTED` Temporal means two things. A namespace over its rate limit needs a pause of a second, as
 * the SDK makes it. A workflow that is busy, or that closes while the signal comes, takes the call some milliseconds
 * later (server 1.29, `consts.ErrWorkflowClosing` and `ErrBusyWorkflow`): two of the SDK's pauses are longer than a
 * caller waits.
 */
const BUSY_WORKFLOW = /workflow is (closing|busy)/i;
const BUSY_PAUSE_MS = 30;
const RATE_LIMITED_PAUSE_MS = 1_000;
const OTHER_PAUSE_MS = 100;
const RESOURCE_EXHAUSTED = 8;

export const callRetries = defaultGrpcRetryOptions({
  initialIntervalMs({ code, details }) {
    if (code !== RESOURCE_EXHAUSTED) return OTHER_PAUSE_MS;
    return BUSY_WORKFLOW.test(details) ? BUSY_PAUSE_MS : RATE_LIMITED_PAUSE_MS;
  },
});
const interceptors = [makeGrpcRetryInterceptor(callRetries)];

/** The part of the configuration that says where Temporal is and how payloads are kept there. */
export interface TemporalSettings extends EncryptionSettings {
  readonly TEMPORAL_ADDRESS: string;
  readonly TEMPORAL_NAMESPACE: string;
}

/** Connects on first use, and again whenever it has to: for a process that must start without its engine. */
export function connectLazily(settings: Pick<TemporalSettings, 'TEMPORAL_ADDRESS'>): Connection {
  return Connection.lazy({
    ...connectionOptions(settings),
    interceptors,
    channelArgs: { 'grpc.max_reconnect_backoff_ms': RECONNECT_MAX_MS },
  });
}

/** Connects at once, or throws where no server answers within the time; the SDK alone would wait ten seconds. */
export function connectNow(
  settings: Pick<TemporalSettings, 'TEMPORAL_ADDRESS'>,
  patience: Pick<ConnectionOptions, 'connectTimeout'> = {},
): Promise<Connection> {
  return Connection.connect({ ...connectionOptions(settings), interceptors, ...patience });
}

/** Makes every client of ours, so that converter and interceptors are the same in all processes. */
export function createClient(
  connection: NonNullable<ClientOptions['connection']>,
  settings: Pick<TemporalSettings, 'TEMPORAL_NAMESPACE'> & EncryptionSettings,
  plugs: Pick<ClientOptions, 'interceptors'> = {},
): Client {
  return new Client({
    connection,
    namespace: settings.TEMPORAL_NAMESPACE,
    dataConverter: dataConverter(settings),
    ...plugs,
  });
}

/**
 * Temporal's own profile files and environment variables give TLS, API key and headers; address and namespace are
 * ours, parsed with the rest of the configuration. A worker polls through the SDK's native core and connects with
 * them itself: an API process should not have to load the core.
 */
export function connectionOptions({ TEMPORAL_ADDRESS }: Pick<TemporalSettings, 'TEMPORAL_ADDRESS'>) {
  const { tls, apiKey, metadata } = loadClientConnectConfig().connectionOptions;
  return {
    address: TEMPORAL_ADDRESS,
    ...(tls !== undefined && { tls }),
    ...(apiKey !== undefined && { apiKey }),
    ...(metadata !== undefined && { metadata: metadata as Record<string, string> }),
  } satisfies ConnectionOptions;
}
