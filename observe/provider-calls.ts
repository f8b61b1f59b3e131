import type { Metrics } from './metrics.ts';
import { inSpan, type Tracing } from './spans.ts';

type Method = (...args: unknown[]) => Promise<unknown>;

/**
 * The same client with each call timed and traced, by its name and by the class of its outcome. Clients are records
 * of functions that return their outcomes, so one wrapper serves both providers.
 */
export function observeCalls<Client extends object>(
  provider: 'hyperswitch' | 'stripe',
  client: Client,
  metrics: Metrics,
  tracing: Tracing,
): Client {
  const watch = (operation: string, call: Method): Method => {
    const ask = {
      name: `${provider} ${operation}`,
      kind: 'client',
      attributes: { 'peer.service': provider, 'veza.operation': operation },
    } as const;
    return (...args) =>
      inSpan(tracing, ask, async (span) => {
        const stop = metrics.providerCalls.startTimer({ provider, operation });
        let outcome = 'thrown';
        try {
          const answer = await call(...args);
          outcome = classOf(answer);
          return answer;
        } finally {
          stop({ outcome });
          span.set({ 'veza.outcome': outcome });
        }
      });
  };
  return Object.fromEntries(
    Object.entries(client).map(([name, call]) => [name, watch(name, call as Method)]),
  ) as Client;
}

/** The outcome's own kind; unknown outcomes are divided by what the provider did answer. */
export function classOf(answer: unknown): string {
  const { kind, httpStatus } = answer as { kind?: unknown; httpStatus?: unknown };
  if (kind !== 'unknown') return typeof kind === 'string' ? kind : 'answered';
  if (typeof httpStatus !== 'number') return 'no_answer';
  if (httpStatus === 429) return 'rate_limited';
  return httpStatus >= 500 ? 'server_error' : 'unclear';
}
