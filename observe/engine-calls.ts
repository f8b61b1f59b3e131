import type { WorkflowClientInterceptor } from '@temporalio/client';
import { defaultPayloadConverter, type Headers } from '@temporalio/common';
import { ORIGIN_HEADER } from '../domain/kernel/index.ts';
import { around } from './context.ts';
import type { Metrics } from './metrics.ts';
import { inSpan, nameOfError, type Tracing } from './spans.ts';

/** Times and traces calls to Temporal, and sends along the request that they are made for. */
export function observeEngineCalls(metrics: Metrics, tracing: Tracing): WorkflowClientInterceptor {
  const watch = <T>(call: string, subject: string, workflowId: string, run: () => Promise<T>): Promise<T> =>
    inSpan(
      tracing,
      { name: `temporal ${call} ${subject}`, kind: 'client', attributes: { 'veza.workflow_id': workflowId } },
      async () => {
        const stop = metrics.engineCalls.startTimer({ call });
        try {
          const result = await run();
          stop({ outcome: 'ok' });
          return result;
        } catch (error) {
          stop({ outcome: nameOfError(error) });
          throw error;
        }
      },
    );

  return {
    startWithDetails: (input, next) =>
      watch('start', input.workflowType, input.options.workflowId, () =>
        next({ ...input, options: withMemo(input.options), headers: withOrigin(input.headers) }),
      ),
    signal: (input, next) =>
      watch('signal', input.signalName, input.workflowExecution.workflowId, () => next(input)),
    signalWithStart: (input, next) =>
      watch('signal_with_start', input.signalName, input.options.workflowId, () =>
        next({ ...input, options: withMemo(input.options), headers: withOrigin(input.headers) }),
      ),
    startUpdate: (input, next) =>
      watch('update', input.updateName, input.workflowExecution.workflowId, () => next(input)),
    startUpdateWithStart: (input, next) =>
      watch('update_with_start', input.updateName, input.workflowStartOptions.workflowId, () =>
        next({
          ...input,
          workflowStartOptions: withMemo(input.workflowStartOptions),
          workflowStartHeaders: withOrigin(input.workflowStartHeaders),
        }),
      ),
    query: (input, next) =>
      watch('query', input.queryType, input.workflowExecution.workflowId, () => next(input)),
    describe: (input, next) =>
      watch('describe', 'workflow', input.workflowExecution.workflowId, () => next(input)),
  };
}

function withOrigin(headers: Headers): Headers {
  const { origin } = around();
  if (origin.requestId === undefined && origin.traceparent === undefined) return headers;
  return { ...headers, [ORIGIN_HEADER]: defaultPayloadConverter.toPayload(origin) };
}

/** The memo shows operators which request started the workflow. */
function withMemo<Options extends { memo?: Record<string, unknown> }>(options: Options): Options {
  const { requestId } = around().origin;
  return requestId === undefined ? options : { ...options, memo: { ...options.memo, requestId } };
}
