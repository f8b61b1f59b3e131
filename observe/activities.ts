import type { Context } from '@temporalio/activity';
import { defaultPayloadConverter, type Headers } from '@temporalio/common';
import type { ActivityInterceptors, ActivityInterceptorsFactory, InjectedSinks } from '@temporalio/worker';
import { type Origin, ORIGIN_HEADER, parseTraceparent, runSpanId } from '../domain/kernel/index.ts';
import type { RunSinks } from '../workflows/origin.ts';
import { runWithin } from './context.ts';
import type { Metrics } from './metrics.ts';
import { inSpan, nameOfError, type Tracing } from './spans.ts';

/**
 * Times and traces each attempt. Its log lines carry the workflow, the run and the first request, and the calls that
 * it makes continue that request's trace.
 */
export function observeActivities(metrics: Metrics, tracing: Tracing): ActivityInterceptorsFactory {
  return ({ info }: Context): ActivityInterceptors => ({
    inbound: {
      execute(input, next) {
        const origin = originOf(input.headers);
        const { activityType: activity, attempt } = info;
        const { workflowId = '', runId = '' } = info.workflowExecution ?? {};
        const traceId = parseTraceparent(origin.traceparent)?.traceId;
        const fields = {
          workflowId,
          runId,
          activity,
          attempt,
          ...(origin.requestId !== undefined && { requestId: origin.requestId }),
          ...(traceId !== undefined && { traceId }),
        };
        const ask = {
          name: `activity ${activity}`,
          kind: 'internal',
          attributes: {
            'veza.workflow_id': workflowId,
            'veza.run_id': runId,
            'veza.attempt': attempt,
            ...(origin.requestId !== undefined && { 'veza.request_id': origin.requestId }),
          },
        } as const;
        return runWithin({ origin, fields }, () =>
          inSpan(tracing, ask, async () => {
            const stop = metrics.activities.startTimer({ activity });
            try {
              const result: unknown = await next(input);
              stop({ outcome: 'ok' });
              return result;
            } catch (error) {
              stop({ outcome: nameOfError(error) });
              throw error;
            }
          }),
        );
      },
    },
  });
}

/** Empty also where the header cannot be read: nothing is decided by it, so it must not fail an attempt. */
function originOf(headers: Headers): Origin {
  const payload = headers[ORIGIN_HEADER];
  try {
    return payload ? defaultPayloadConverter.fromPayload<Origin>(payload) : {};
  } catch {
    return {};
  }
}

/**
 * Records a run's span once the run has ended. Registered also where nothing is traced, or the SDK warns at each
 * call.
 */
export function runSinks(tracing: Tracing): InjectedSinks<RunSinks> {
  return {
    runs: {
      ended: {
        fn({ workflowType, workflowId, runId }, parent, startedAtMs, endedAtMs, error) {
          tracing.record({
            name: `workflow ${workflowType}`,
            kind: 'internal',
            attributes: { 'veza.workflow_id': workflowId, 'veza.run_id': runId },
            parent,
            spanId: runSpanId(runId),
            startedAtMs,
            endedAtMs,
            error,
          });
        },
        callDuringReplay: false,
      },
    },
  };
}
