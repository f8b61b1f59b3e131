import {
  isGrpcServiceError,
  ServiceError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import { ApplicationFailure, WorkflowNotFoundError } from '@temporalio/common';
import { RUN_IS_FULL } from '../domain/kernel/index.ts';
import { REVERSAL_AT_WORK } from '../domain/marketplace/index.ts';
import { VezaError } from '../domain/errors.ts';

const NOT_FOUND = 5;
/** What Temporal calls an update whose workflow has ended (temporal/service/history/workflow/update, `acceptedUpdateCompletedWorkflow`). */
const ENDED_UNANSWERED = 'AcceptedUpdateCompletedWorkflow';

/** Runs a call to Temporal. Where Temporal or its workers do not answer, throws our code instead of a gRPC status. */
export async function namingFailures<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    const cause = error instanceof Error ? error.cause : undefined;
    const grpc = isGrpcServiceError(error) ? error : isGrpcServiceError(cause) ? cause : undefined;
    // A process that lacks a key cannot read the engine's payloads.
    if (error instanceof VezaError && error.code === 'payload_unreadable') throw unavailable(error);
    if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) throw unavailable(error);
    // The row has ended, and its workflow does not know that yet, since no worker has notified it.
    if (error instanceof WorkflowUpdateFailedError && isOf(REVERSAL_AT_WORK, cause)) throw unavailable(error);
    if (isTurnedAway(error)) throw unavailable(error);
    // The workflow ended before it had answered: somebody terminated it, or its worker was lost.
    if (error instanceof WorkflowUpdateFailedError && isOf(ENDED_UNANSWERED, cause)) throw unavailable(error);
    if ((grpc && grpc.code !== NOT_FOUND) || error instanceof ServiceError) throw unavailable(error);
    throw error;
  }
}

/** A run that is about to begin anew has turned an update away, and the next one takes it. */
export const isTurnedAway = (error: unknown): boolean =>
  error instanceof WorkflowUpdateFailedError && isOf(RUN_IS_FULL, error.cause);

const isOf = (type: string, cause: unknown) => cause instanceof ApplicationFailure && cause.type === type;

/**
 * The same of an update that starts its workflow: one that is not found any more has ended before it was asked, since an
 * id that nobody knows is started.
 */
export async function namingLostUpdates<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await namingFailures(call);
  } catch (error) {
    const cause = error instanceof Error ? error.cause : undefined;
    const isGone = [error, cause].some(
      (one) => one instanceof WorkflowNotFoundError || (isGrpcServiceError(one) && one.code === NOT_FOUND),
    );
    throw isGone ? unavailable(error) : error;
  }
}

function unavailable(error: unknown): VezaError {
  const unavailableError = new VezaError(
    'engine_unavailable',
    'The engine cannot be reached or no worker answered in time. The request may still be carried out: repeat it with the same Idempotency-Key to learn its true outcome.',
    { may_still_be_carried_out: true },
  );
  unavailableError.cause = error;
  return unavailableError;
}
