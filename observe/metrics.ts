import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { VERSION } from '../version.ts';

/** From a query to a provider that hangs until its timeout. */
const SECONDS = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/**
 * What a process counts and times of its own work, in a registry of its own. Names and units follow Prometheus; each
 * label takes its values from a list of ours, so that no request can make a new series.
 */
export function createMetrics() {
  const registry = new Registry();
  const registers = [registry];
  const histogram = <Label extends string>(name: string, help: string, labelNames: readonly Label[]) =>
    new Histogram({ name, help, labelNames, buckets: SECONDS, registers });
  const counter = <Label extends string>(name: string, help: string, labelNames: readonly Label[]) =>
    new Counter({ name, help, labelNames, registers });
  const gauge = <Label extends string>(name: string, help: string, labelNames: readonly Label[] = []) =>
    new Gauge({ name, help, labelNames, registers });

  gauge('veza_build_info', 'Always 1; its label is the version that this process runs', ['version']).set(
    { version: VERSION },
    1,
  );

  return {
    registry,
    requests: histogram(
      'veza_http_request_duration_seconds',
      'Requests to the API, by the template of their route, until the answer began',
      ['method', 'route', 'status'],
    ),
    requestsInFlight: gauge('veza_http_requests_in_flight', 'Requests that are being answered now'),
    providerCalls: histogram(
      'veza_provider_call_duration_seconds',
      'Calls to the PSP and to Stripe, by outcome',
      ['provider', 'operation', 'outcome'],
    ),
    engineCalls: histogram('veza_engine_call_duration_seconds', "Calls to Temporal's frontend, by outcome", [
      'call',
      'outcome',
    ]),
    refusedAsBusy: counter(
      'veza_refused_as_busy_total',
      'Refunds, purchases and asks of subscriptions that were refused soon (503 engine_busy), since there was no room to begin them',
      ['call'],
    ),
    signInFailures: counter(
      'veza_sign_in_failures_total',
      'Attempts to prove who one is that failed, by the code of the error',
      ['result'],
    ),
    begunAtATime: gauge(
      'veza_begun_at_a_time',
      'How many refunds, purchases or asks of subscriptions this process let begin at a time when it last refused one',
      ['call'],
    ),
    activities: histogram('veza_activity_duration_seconds', 'Attempts of activities, by outcome', [
      'activity',
      'outcome',
    ]),
    webhooks: counter('veza_webhooks_total', 'Webhooks that came in, by outcome', ['provider', 'outcome']),
    sweepRows: counter('veza_sweep_rows_total', 'Rows that the sweep looked at, by outcome', [
      'phase',
      'outcome',
    ]),
    upkeepRows: counter('veza_upkeep_rows_total', 'Rows that the upkeep looked at, by outcome', [
      'phase',
      'outcome',
    ]),
    statements: histogram('veza_db_statement_duration_seconds', 'Statements to PostgreSQL', [
      'operation',
      'outcome',
    ]),
    transactionWaits: histogram(
      'veza_db_transaction_wait_seconds',
      'How long transactions waited for a connection and their BEGIN',
      [],
    ),
    transactionsWaiting: gauge(
      'veza_db_transactions_waiting',
      'Transactions that wait for a connection of the pool now',
    ),
    transactionsOpen: gauge(
      'veza_db_transactions_open',
      'Transactions that hold a connection of the pool now',
    ),
    connectionsMax: gauge('veza_db_connections_max', 'Connections that the pool of this process may open'),
  };
}

export type Metrics = ReturnType<typeof createMetrics>;
