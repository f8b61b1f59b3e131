import type { Context } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { isUnavailable } from '../../db/unavailable.ts';
import { ERRORS, VezaError } from '../../domain/errors.ts';
import { maskEmails } from '../../domain/kernel/index.ts';
import type { ApiEnv } from '../context.ts';
import { problemType, type ProblemDocument } from './problem.ts';
import { type FieldProblem, ValidationError } from './validation.ts';

/** Long enough for a database or an engine that restarts, short enough for a person who waits. */
const RETRY_AFTER_S = 5;
/** Maintenance takes longer; all processes follow a switch within ten seconds. */
const MAINTENANCE_RETRY_AFTER_S = 60;

/** The only place that catches: any error becomes a problem document, with its status from the table of errors. */
export function answerError(thrown: Error, c: Context<ApiEnv>): Response {
  const error = asVezaError(thrown);
  if (error.code === 'internal_error') c.var.log.error({ err: thrown }, 'request failed');
  if (error.code === 'engine_unavailable') c.var.log.warn({ err: thrown }, 'engine or database unavailable');
  return answerProblem(error, c);
}

export function answerProblem(error: VezaError, c: Context<ApiEnv>): Response {
  const { status, title } = ERRORS[error.code];
  const fields = fieldsOf(error);
  const problem: ProblemDocument = {
    ...masked(error.extra ?? {}),
    type: problemType(error.code),
    title,
    status,
    detail: maskEmails(error.detail),
    code: error.code,
    instance: maskEmails(c.req.path),
    request_id: c.var.requestId,
    ...(fields.length > 0 && {
      errors: fields.map((one) => ({ ...one, message: maskEmails(one.message) })),
    }),
  };
  if (error.code === 'maintenance') c.header('Retry-After', String(MAINTENANCE_RETRY_AFTER_S));
  if (error.code === 'engine_unavailable') c.header('Retry-After', String(RETRY_AFTER_S));
  if (error.code === 'engine_busy') c.header('Retry-After', String(error.extra?.['retry_after_s']));
  if (status === 503) problem['may_still_be_carried_out'] ??= c.var.mayStillBeCarriedOut ?? mayRepeat(c);
  if (error.code === 'unauthenticated')
    c.header('WWW-Authenticate', 'Bearer realm="veza", error="invalid_token"');
  return c.body(JSON.stringify(problem), status, { 'Content-Type': 'application/problem+json' });
}

/** A caller may have typed an address anywhere, and problem documents are kept in logs of others. */
const masked = (extra: Readonly<Record<string, unknown>>) =>
  Object.fromEntries(
    Object.entries(extra).map(([name, value]) => [
      name,
      typeof value === 'string' ? maskEmails(value) : value,
    ]),
  );

/** Where nobody has looked, a call with a key may repeat one that is carried out: who was told "no" would ask under a new key. */
const mayRepeat = ({ req }: Context<ApiEnv>) =>
  req.method !== 'GET' && req.header('Idempotency-Key') !== undefined;

/** Rules deeper down name the field at fault in an extra member. */
function fieldsOf(error: VezaError): FieldProblem[] {
  if (error instanceof ValidationError) return [...error.fields];
  const field = error.code === 'validation_failed' ? error.extra?.['field'] : undefined;
  return typeof field === 'string' ? [{ field, in: 'body', message: error.detail }] : [];
}

function asVezaError(thrown: Error): VezaError {
  if (thrown instanceof VezaError) return thrown;
  if (thrown instanceof HTTPException) return ofFramework(thrown);
  if (isUnavailable(thrown)) {
    return new VezaError('engine_unavailable', 'The database cannot be reached or does not answer in time.');
  }
  return asInternal();
}

/** The log has the cause, under the request id: a body must not name statements or hosts. */
const asInternal = () => new VezaError('internal_error', 'The failure is in our log under this request id.');

/** Errors that the framework throws before a handler runs. */
function ofFramework({ status }: HTTPException): VezaError {
  if (status === 400) return new VezaError('malformed_json', 'The body does not parse as JSON.');
  if (status === 415)
    return new VezaError('unsupported_media_type', 'Send the body with Content-Type: application/json.');
  return asInternal();
}
