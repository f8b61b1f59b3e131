import type { ApiObserver } from '../api/context.ts';
import { around, runWithin } from './context.ts';
import type { Metrics } from './metrics.ts';
import { inSpan, type Tracing } from './spans.ts';

/** Times and traces each request, and puts its id into all log lines and calls that it leads to. */
export function observeRequests(metrics: Metrics, tracing: Tracing): ApiObserver['request'] {
  return (request, serve) => {
    const { method, requestId } = request;
    const { fields } = around();
    const ask = {
      name: method,
      kind: 'server',
      attributes: { 'http.request.method': method, 'veza.request_id': requestId },
      parent: request.traceparent,
    } as const;
    return runWithin({ origin: { requestId }, fields }, () =>
      inSpan(tracing, ask, async (span) => {
        metrics.requestsInFlight.inc();
        const stop = metrics.requests.startTimer({ method });
        let seen = { route: 'unmatched', status: 500 };
        try {
          seen = await serve();
        } finally {
          metrics.requestsInFlight.dec();
          stop({ route: seen.route, status: seen.status });
          span.rename(`${method} ${seen.route}`);
          span.set({ 'http.route': seen.route, 'http.response.status_code': seen.status });
        }
        return seen;
      }),
    );
  };
}
