import { type ClassifiedError, unknown } from './classify.ts';
import type { StripeFailure, StripeNoSuchTransfer, StripeReadFailure } from './outcomes.ts';

export type LastResponse = { statusCode: number; headers: Readonly<Record<string, string>> };

export function unexpectedBody({ statusCode }: LastResponse) {
  return unknown(`HTTP ${statusCode} with an unexpected body`, statusCode);
}

/** A failure that only a reversal can meet is a plain refusal when anything else is created. */
export function createFailure(failure: ClassifiedError): StripeFailure {
  switch (failure.kind) {
    case 'no_such_transfer': // "No such destination", "No such charge"
      return { kind: 'refused', code: 'resource_missing', message: failure.message };
    case 'already_reversed':
    case 'amount_exceeds_left':
      return { kind: 'refused', message: failure.message };
    default:
      return failure;
  }
}

/** A failure that only a create can meet is a plain refusal when something is read. */
export function readFailureOfOne(failure: ClassifiedError): StripeReadFailure | StripeNoSuchTransfer {
  switch (failure.kind) {
    case 'insufficient_funds':
    case 'key_mismatch':
    case 'already_reversed':
    case 'amount_exceeds_left':
      return { kind: 'refused', message: failure.message };
    default:
      return failure;
  }
}

export function readFailure(failure: ClassifiedError): StripeReadFailure {
  const read = readFailureOfOne(failure);
  // A list answers 404 for a destination that is gone: that does not prove that nothing was transferred.
  return read.kind === 'no_such_transfer'
    ? { kind: 'refused', code: 'resource_missing', message: read.message }
    : read;
}
