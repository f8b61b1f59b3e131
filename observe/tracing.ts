import { setTimeout as sleep } from 'node:timers/promises';
import { type Context, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace, TraceFlags } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import {
  defaultResource,
  detectResources,
  envDetector,
  resourceFromAttributes,
} from '@opentelemetry/resources';
import { BasicTracerProvider, BatchSpanProcessor, RandomIdGenerator } from '@opentelemetry/sdk-trace-base';
import { formatTraceparent, parseTraceparent } from '../domain/kernel/index.ts';
import { VERSION } from '../version.ts';
import { around } from './context.ts';
import type { OpenSpan, SpanAsk, Tracing } from './spans.ts';

export interface TracingConfig {
  /** `veza-api` or `veza-worker`; OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES override it. */
  readonly serviceName: string;
  /** Where traces are posted to, `…/v1/traces`. */
  readonly url: string;
}

const KINDS = { server: SpanKind.SERVER, client: SpanKind.CLIENT, internal: SpanKind.INTERNAL } as const;
const CLOSE_WITHIN_MS = 3_000;

/**
 * OpenTelemetry without its globals: in a test two processes' parts live side by side, and only what we gave a span
 * is traced. Sampler, headers and limits come from OpenTelemetry's own environment variables.
 */
export function startTracing({ serviceName, url }: TracingConfig): Tracing {
  const random = new RandomIdGenerator();
  /** The id of the span that begins now; undefined: a random one. */
  let knownSpanId: string | undefined;
  const provider = new BasicTracerProvider({
    resource: defaultResource()
      .merge(resourceFromAttributes({ 'service.name': serviceName, 'service.version': VERSION }))
      .merge(detectResources({ detectors: [envDetector] })),
    idGenerator: {
      generateTraceId: () => random.generateTraceId(),
      generateSpanId: () => knownSpanId ?? random.generateSpanId(),
    },
    spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter({ url }))],
  });
  const tracer = provider.getTracer('veza');

  function begin(ask: SpanAsk, startTime?: number) {
    const parent = ask.parent ?? around().origin.traceparent;
    const { name, kind, attributes } = ask;
    return tracer.startSpan(
      name,
      {
        kind: KINDS[kind],
        ...(attributes && { attributes }),
        ...(startTime !== undefined && { startTime }),
      },
      contextOf(parent),
    );
  }

  return {
    isOn: true,
    start(ask): OpenSpan {
      const span = begin(ask);
      const { traceId, spanId, traceFlags } = span.spanContext();
      const isSampled = (traceFlags & TraceFlags.SAMPLED) !== 0;
      return {
        traceparent: formatTraceparent({ traceId, spanId, isSampled }),
        set: (attributes) => void span.setAttributes(attributes),
        rename: (name) => void span.updateName(name),
        end(error) {
          if (error !== undefined) {
            span.setAttribute('error.type', error);
            span.setStatus({ code: SpanStatusCode.ERROR });
          }
          span.end();
        },
      };
    },
    record({ spanId, startedAtMs, endedAtMs, error, ...ask }) {
      knownSpanId = spanId;
      const span = begin(ask, startedAtMs);
      knownSpanId = undefined;
      if (error !== null) {
        span.setAttribute('error.type', error);
        span.setStatus({ code: SpanStatusCode.ERROR });
      }
      span.end(endedAtMs);
    },
    async close() {
      const isOver = new AbortController();
      const limit = sleep(CLOSE_WITHIN_MS, undefined, { signal: isOver.signal }).catch(() => {});
      await Promise.race([provider.shutdown().catch(() => {}), limit]);
      isOver.abort();
    },
  };
}

function contextOf(traceparent: string | undefined): Context {
  const parent = parseTraceparent(traceparent);
  if (parent === undefined) return ROOT_CONTEXT;
  const { traceId, spanId, isSampled } = parent;
  const traceFlags = isSampled ? TraceFlags.SAMPLED : TraceFlags.NONE;
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags, isRemote: true });
}
