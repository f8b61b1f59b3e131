/**
 * The request on whose behalf something happens. It travels through Temporal's headers to each activity, and never
 * into an argument or a decision: a workflow takes the same steps with and without it.
 */
export interface Origin {
  /** The `X-Request-Id` of the first call. */
  readonly requestId?: string;
  /** W3C Trace Context, `00-<trace>-<span>-<flags>`; absent where nothing is traced. */
  readonly traceparent?: string;
}

export const ORIGIN_HEADER = 'veza-origin';

export interface SpanName {
  readonly traceId: string;
  readonly spanId: string;
  readonly isSampled: boolean;
}

const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

/** Undefined where the text is no traceparent by W3C's rules: the trace then begins here. */
export function parseTraceparent(text: string | undefined): SpanName | undefined {
  const [, traceId, spanId, flags] = TRACEPARENT.exec(text ?? '') ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  return { traceId, spanId, isSampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

export const formatTraceparent = ({ traceId, spanId, isSampled }: SpanName): string =>
  `00-${traceId}-${spanId}-${isSampled ? '01' : '00'}`;

/**
 * The span id of a workflow's run: the random half of the run's id. Replayed code cannot draw ids: they would come
 * out of the stream of `uuid4()`, and change its values.
 */
export const runSpanId = (runId: string): string => runId.replaceAll('-', '').slice(16);
