import {
  isGrpcServiceError,
  ServiceError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { REVERSAL_AT_WORK } from '../domain/marketplace/index.ts';
import { VezaError } from '../domain/errors.ts';

const NOT_FOUND = 5;

/** Runs a call to Temporal; where Temporal or its workers do not answer, says so by code instead of by gRPC status. */
export async function namingFailures<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    const cause = error instanceof Error ? error.cause : undefined;
    const grpc = isGrpcServiceError(error) ? error : isGrpcServiceError(cause) ? cause : undefined;
    // A process that lacks a key has an engine that it cannot understand.
    if (error instanceof VezaError && error.code === 'payload_unreadable') throw unavailable(error);
    if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) throw unavailable(error);
    // Its row has ended, and its workflow has not heard of that yet: no worker has told it.
    if (error instanceof WorkflowUpdateFailedError && isAtWork(cause)) throw unavailable(error);
    if ((grpc && grpc.code !== NOT_FOUND) || error instanceof ServiceError) throw unavailable(error);
    throw error;
  }
}

const isAtWork = (cause: unknown) => cause instanceof ApplicationFailure && cause.type === REVERSAL_AT_WORK;

function unavailable(error: unknown): VezaError {
  const unavailableError = new VezaError(
    'engine_unavailable',
    'The engine cannot be reached or no worker answered in time. The request may still be carried out: repeat it with the same Idempotency-Key to learn its true outcome.',
    { may_still_be_carried_out: true },
  );
  unavailableError.cause = error;
  return unavailableError;
}
