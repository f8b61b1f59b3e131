import { defaultPayloadConverter } from '@temporalio/common';
import {
  ContinueAsNew,
  type Headers,
  proxySinks,
  type Sinks,
  workflowInfo,
  type WorkflowInboundCallsInterceptor,
  type WorkflowInterceptors,
  type WorkflowOutboundCallsInterceptor,
} from '@temporalio/workflow';
import {
  formatTraceparent,
  type Origin,
  ORIGIN_HEADER,
  parseTraceparent,
  runSpanId,
} from '../domain/kernel/index.ts';

/** Tells the worker once of a traced run that has ended. */
export interface RunSinks extends Sinks {
  runs: { ended(traceparent: string, startedAtMs: number, endedAtMs: number, error: string | null): void };
}

const { runs } = proxySinks<RunSinks>();

/**
 * Hands a run's origin on to its activities and to the run that continues it. Headers are part of events that are there
 * anyway, nothing is awaited and nothing random is drawn: histories with and without an origin replay alike.
 */
export function interceptors(): WorkflowInterceptors {
  let handedOn: Headers = {};

  const inbound: WorkflowInboundCallsInterceptor = {
    execute(input, next) {
      const origin = originOf(input.headers);
      if (origin === undefined) return next(input);
      const { runId, startTime } = workflowInfo();
      const parent = parseTraceparent(origin.traceparent);
      const own = parent && formatTraceparent({ ...parent, spanId: runSpanId(runId) });
      handedOn = headersOf({ ...origin, ...(own !== undefined && { traceparent: own }) });
      const run = next(input);
      if (origin.traceparent === undefined || own === undefined) return run;
      const { traceparent } = origin;
      const tell = (error: string | null) => runs.ended(traceparent, startTime.getTime(), Date.now(), error);
      // Attached beside the run's own promise, which is returned unchanged, without an extra microtask.
      run.then(
        () => tell(null),
        (thrown: unknown) => tell(errorIn(thrown)),
      );
      return run;
    },
  };
  const outbound: WorkflowOutboundCallsInterceptor = {
    scheduleActivity: (input, next) => next({ ...input, headers: { ...input.headers, ...handedOn } }),
    scheduleLocalActivity: (input, next) => next({ ...input, headers: { ...input.headers, ...handedOn } }),
    continueAsNew: (input, next) => next({ ...input, headers: { ...input.headers, ...handedOn } }),
  };
  return { inbound: [inbound], outbound: [outbound] };
}

/** A run that continues as new throws too, and has not failed. */
function errorIn(thrown: unknown): string | null {
  if (thrown instanceof ContinueAsNew) return null;
  return thrown instanceof Error ? thrown.name : 'Error';
}

/** Undefined also where the header cannot be read: nothing is decided by it, so it must not stop anything. */
function originOf(headers: Headers): Origin | undefined {
  const payload = headers[ORIGIN_HEADER];
  try {
    return payload && defaultPayloadConverter.fromPayload<Origin>(payload);
  } catch {
    return undefined;
  }
}

const headersOf = (origin: Origin): Headers => ({
  [ORIGIN_HEADER]: defaultPayloadConverter.toPayload(origin),
});
