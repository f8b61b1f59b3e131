import { z } from 'zod';
import { wholeNumber, url } from './schemas.ts';
import { variable, type Variables } from './variable.ts';

/** Metrics, traces and logs of a process. */
export const OBSERVE_VARIABLES = {
  METRICS_PORT: variable(
    wholeNumber(0, 65_535).optional(),
    '',
    'port of `/metrics`, a port for each process; off unless set, 0 takes a free one',
  ),
  OTEL_EXPORTER_OTLP_ENDPOINT: variable(
    url(/^https?:/, 'http://127.0.0.1:4318').optional(),
    '',
    'OpenTelemetry collector (OTLP over HTTP) that traces go to; off unless this or the next is set',
  ),
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: variable(
    url(/^https?:/, 'http://127.0.0.1:4318/v1/traces').optional(),
    '',
    'the whole address that traces are posted to, instead of the collector above',
  ),
  LOG_LEVEL: variable(
    z
      .enum(
        ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'],
        'trace, debug, info, warn, error, fatal or silent',
      )
      .default('info'),
    'info',
    'least severe log line shown',
  ),
} as const satisfies Variables;

/** Where traces are posted to; undefined: nothing is traced. */
export function tracesUrlOf(
  config: Readonly<Partial<Record<`OTEL_EXPORTER_OTLP_${'' | 'TRACES_'}ENDPOINT`, string | undefined>>>,
): string | undefined {
  const collector = config.OTEL_EXPORTER_OTLP_ENDPOINT?.replace(/\/+$/, '');
  return config.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT ?? (collector && `${collector}/v1/traces`);
}
