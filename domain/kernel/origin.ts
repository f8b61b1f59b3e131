/**
 * On whose behalf something happens. It travels from the request through Temporal's headers to each activity, and never
 * into an argument or a decision: a workflow with and without it takes the same steps.
 */
export interface Origin {
  /** The `X-Request-Id` of the call that everything began with. */
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

/** Undefined where it is none, as W3C has it: the trace then begins here. */
export function parseTraceparent(text: string | undefined): SpanName | undefined {
  const [, traceId, spanId, flags] = TRACEPARENT.exec(text ?? '') ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  return { traceId, spanId, isSampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

export const formatTraceparent = ({ traceId, spanId, isSampled }: SpanName): string =>
  `00-${traceId}-${spanId}-${isSampled ? '01' : '00'}`;

/**
 * The id of the span that a workflow's run is: the random half of the run's id. Replayed code cannot draw ids (they
 * would come out of the stream that `uuid4()` draws from, and change its values), and needs none this way.
 */
export const runSpanId = (runId: string): string => runId.replaceAll('-', '').slice(16);
