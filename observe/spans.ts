import { parseTraceparent } from '../domain/kernel/index.ts';
import { around, runWithin } from './context.ts';

export type SpanAttributes = Readonly<Record<string, string | number | boolean>>;

export interface SpanAsk {
  readonly name: string;
  readonly kind: 'server' | 'client' | 'internal';
  readonly attributes?: SpanAttributes;
  /** Absent: the span around it is its parent. */
  readonly parent?: string | undefined;
}

export interface OpenSpan {
  readonly traceparent: string | undefined;
  set(attributes: SpanAttributes): void;
  rename(name: string): void;
  /** `error` is a code or a class's name, never a message: messages quote what people wrote. */
  end(error?: string): void;
}

/** A span that is known whole, id included. */
export interface EndedSpan extends SpanAsk {
  readonly parent: string;
  readonly spanId: string;
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  readonly error: string | null;
}

/** Where spans go; tracing.ts sends them to an OTLP collector, and is loaded only where one is configured. */
export interface Tracing {
  readonly isOn: boolean;
  start(ask: SpanAsk): OpenSpan;
  record(span: EndedSpan): void;
  /** Sends what is left; it does not wait for a collector that is away. */
  close(): Promise<void>;
}

export const NO_SPAN: OpenSpan = { traceparent: undefined, set() {}, rename() {}, end() {} };

export const NO_TRACING: Tracing = {
  isOn: false,
  start: () => NO_SPAN,
  record() {},
  close: async () => {},
};

/** Only a process that traces loads OpenTelemetry, so its root names the module at run time. */
export async function openTracing(
  url: string | undefined,
  serviceName: string,
  load: () => Promise<{ startTracing(at: { url: string; serviceName: string }): Tracing }>,
): Promise<Tracing> {
  return url === undefined ? NO_TRACING : (await load()).startTracing({ url, serviceName });
}

/**
 * Runs a function in a span of its own: the calls that it makes become child spans, and its log lines carry the
 * trace's id.
 */
export async function inSpan<T>(
  tracing: Tracing,
  ask: SpanAsk,
  run: (span: OpenSpan) => Promise<T>,
  errorOf: (error: unknown) => string = nameOfError,
): Promise<T> {
  if (!tracing.isOn) return run(NO_SPAN);
  const span = tracing.start(ask);
  const { origin, fields } = around();
  const traceId = parseTraceparent(span.traceparent)?.traceId;
  const inner = {
    origin: { ...origin, ...(span.traceparent !== undefined && { traceparent: span.traceparent }) },
    fields: { ...fields, ...(traceId !== undefined && { traceId }) },
  };
  try {
    const result = await runWithin(inner, () => run(span));
    span.end();
    return result;
  } catch (error) {
    span.end(errorOf(error));
    throw error;
  }
}

/** The kind of an error: its code where it has one, else its class. */
export function nameOfError(error: unknown): string {
  const { code, type, name } = (error ?? {}) as { code?: unknown; type?: unknown; name?: unknown };
  for (const word of [code, type, name]) if (typeof word === 'string' && /^\w{1,64}$/.test(word)) return word;
  return 'error';
}
