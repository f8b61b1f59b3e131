import type { Context } from '@temporalio/activity';
import { defaultPayloadConverter, type Headers } from '@temporalio/common';
import type { ActivityInterceptors, ActivityInterceptorsFactory, InjectedSinks } from '@temporalio/worker';
import { type Origin, ORIGIN_HEADER, parseTraceparent, runSpanId } from '../domain/kernel/index.ts';
import type { RunSinks } from '../workflows/origin.ts';
import { runWithin } from './context.ts';
import type { Metrics } from './metrics.ts';
import { inSpan, nameOfError, type Tracing } from './spans.ts';

/**
 * Times and traces each attempt. What it logs carries its workflow, its run and the request that all began with; what it
 * starts goes on on that request's behalf.
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

/** Empty also where it cannot be read: what nobody decides by must fail no attempt. */
function originOf(headers: Headers): Origin {
  const payload = headers[ORIGIN_HEADER];
  try {
    return payload ? defaultPayloadConverter.fromPayload<Origin>(payload) : {};
  } catch {
    return {};
  }
}

/** A run's own span, once it has ended; registered also where nothing is traced, or the SDK complains of each call. */
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
