import { ACCOUNTS_ERRORS } from './accounts/errors.ts';
import { APPROVALS_ERRORS } from './approvals/errors.ts';
import { CATALOG_ERRORS } from './catalog/errors.ts';
import { KERNEL_ERRORS } from './kernel/errors.ts';
import { MARKETPLACE_ERRORS } from './marketplace/errors.ts';
import { OPERATORS_ERRORS } from './operators/errors.ts';
import { PAYOUTS_ERRORS } from './payouts/errors.ts';
import { PRIVACY_ERRORS } from './privacy/errors.ts';
import { SELLERS_ERRORS } from './sellers/errors.ts';
import { SETTLEMENTS_ERRORS } from './settlements/errors.ts';
import { SUBSCRIPTIONS_ERRORS } from './subscriptions/errors.ts';
import { WEBHOOKS_ERRORS } from './webhooks/errors.ts';

/**
 * The register of errors: each subject brings its own codes. A code is stable: clients branch on it, workflows carry
 * it as `ApplicationFailure.type`, the API turns it into its HTTP status and documents it in OpenAPI. `retry` says
 * whether the same call may succeed later although nobody has changed anything; Temporal retries by it.
 */
export const ERRORS = {
  ...KERNEL_ERRORS,
  ...ACCOUNTS_ERRORS,
  ...APPROVALS_ERRORS,
  ...WEBHOOKS_ERRORS,
  ...CATALOG_ERRORS,
  ...SELLERS_ERRORS,
  ...MARKETPLACE_ERRORS,
  ...PAYOUTS_ERRORS,
  ...SUBSCRIPTIONS_ERRORS,
  ...PRIVACY_ERRORS,
  ...SETTLEMENTS_ERRORS,
  ...OPERATORS_ERRORS,
};

export type ErrorCode = keyof typeof ERRORS;

export function isErrorCode(value: string): value is ErrorCode {
  return Object.hasOwn(ERRORS, value);
}

/** A refusal: its code, a sentence for the caller, and named values that a client may read. */
export interface Refusal {
  readonly code: ErrorCode;
  readonly detail: string;
  /** Extra members of the problem document, for example `left_amount`. */
  readonly extra?: Readonly<Record<string, string | number | boolean | null>>;
}

/** Whether a repeat would fail again: the error is a refusal, not a part that is down. */
export const isFinal = (error: unknown): boolean => error instanceof VezaError && !ERRORS[error.code].retry;

/** A refusal inside one process. It crosses to another as its code and detail, never as this class. */
export class VezaError extends Error implements Refusal {
  override readonly name = 'VezaError';
  readonly code: ErrorCode;
  readonly detail: string;
  readonly extra?: Refusal['extra'];

  constructor(code: ErrorCode, detail: string, extra?: Refusal['extra']) {
    super(`${code}: ${detail}`);
    this.code = code;
    this.detail = detail;
    this.extra = extra;
  }

  static from({ code, detail, extra }: Refusal): VezaError {
    return new VezaError(code, detail, extra);
  }
}
