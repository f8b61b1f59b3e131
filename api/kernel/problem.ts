import { z } from '@hono/zod-openapi';
import { ERRORS, type ErrorCode } from '../../domain/errors.ts';

const CODES = Object.keys(ERRORS) as [ErrorCode, ...ErrorCode[]];

/** RFC 9457. Further members depend on the code: `left_amount`, `ended_at`, `may_still_be_carried_out` and their like. */
const Problem = z
  .looseObject({
    type: z
      .string()
      .openapi({ description: 'Identifies the kind of problem', example: problemType('order_not_found') }),
    title: z.string().openapi({ description: 'The same for every problem of this kind' }),
    status: z.int().openapi({ description: 'The HTTP status' }),
    detail: z.string().openapi({ description: 'What is wrong with this request, for people' }),
    code: z.enum(CODES).openapi({ description: 'Stable: branch on this' }),
    instance: z.string().openapi({ description: 'The path of the request' }),
    request_id: z.string().openapi({ description: 'As in the X-Request-Id response header and in our logs' }),
    errors: z
      .array(
        z.object({ field: z.string(), in: z.enum(['body', 'path', 'query', 'header']), message: z.string() }),
      )
      .optional()
      .openapi({ description: 'Each field at fault, for validation_failed' }),
  })
  .openapi('Problem');

export type ProblemDocument = z.infer<typeof Problem>;

export function problemType(code: ErrorCode): string {
  return `urn:veza:problem:${code}`;
}

/** Any route may answer these. */
const ALWAYS = ['engine_unavailable', 'internal_error'] as const;
/** Routes for some roles only: by a bearer token, or an API key, which may lack the scope or have used its limit. */
export const FOR_ROLES = [
  'credentials_ambiguous',
  'unauthenticated',
  'session_ended',
  'account_disabled',
  'account_closing',
  'csrf_failed',
  'forbidden',
  'two_factor_required',
  'rate_limited',
] as const;
/** Routes for everybody who is signed in, which are closed under maintenance. */
export const SIGNED_IN = [...FOR_ROLES, 'maintenance'] as const;
/** Routes for people about their own account, which a browser may call by its cookie. */
export const OWN_ACCOUNT = [...SIGNED_IN, 'person_required', 'identity_is_external'] as const;
/** Routes for who is not signed in yet. */
export const SIGNING_IN = ['csrf_failed', 'rate_limited', 'maintenance', 'identity_is_external'] as const;
/** Routes with a JSON body. */
export const WITH_BODY = [
  'malformed_json',
  'body_too_slow',
  'payload_too_large',
  'overloaded',
  'unsupported_media_type',
  'validation_failed',
] as const;
/** Routes that take an Idempotency-Key. */
export const REPEATABLE = ['idempotency_key_invalid', 'idempotency_key_reused'] as const;

type StatusOf<Code extends ErrorCode> = (typeof ERRORS)[Code]['status'];
type Fails<Code extends ErrorCode> = {
  [Status in StatusOf<Code | (typeof ALWAYS)[number]>]: {
    description: string;
    content: {
      'application/problem+json': { schema: typeof Problem; examples: Record<string, { value: unknown }> };
    };
    headers?: Record<string, { description: string; schema: { type: 'integer' | 'string' } }>;
  };
};

/** The error responses of a route, from the one table: what is documented is what is thrown. */
export function fails<Code extends ErrorCode = never>(...codes: Code[]): Fails<Code> {
  const distinct = [...new Set<ErrorCode>([...codes, ...ALWAYS])];
  const statuses = new Set(distinct.map((code) => ERRORS[code].status));
  return Object.fromEntries(
    [...statuses].map((status) => {
      const sameStatus = distinct.filter((code) => ERRORS[code].status === status);
      return [
        status,
        {
          description: sameStatus.map((code) => `\`${code}\`: ${ERRORS[code].title}`).join('\n\n'),
          content: {
            'application/problem+json': {
              schema: Problem,
              examples: Object.fromEntries(sameStatus.map((code) => [code, { value: example(code) }])),
            },
          },
          ...(status === 503 && { headers: RETRY_AFTER }),
          ...(status === 429 && { headers: RATE_LIMIT }),
          ...(status === 401 && { headers: WWW_AUTHENTICATE }),
        },
      ];
    }),
  ) as Fails<Code>;
}

const RETRY_AFTER = {
  'Retry-After': { description: 'Seconds to wait before asking again', schema: { type: 'integer' } },
};
const RATE_LIMIT = {
  ...RETRY_AFTER,
  'X-RateLimit-Limit': {
    description: 'Calls of this API key in an hour, or of this person in a minute',
    schema: { type: 'integer' },
  },
  'X-RateLimit-Remaining': { description: 'Calls that are left now', schema: { type: 'integer' } },
  'X-RateLimit-Reset': {
    description: 'Unix time, in seconds, of the next free call once the remaining ones are used',
    schema: { type: 'integer' },
  },
};
const WWW_AUTHENTICATE = { 'WWW-Authenticate': { description: 'RFC 6750', schema: { type: 'string' } } };

function example(code: ErrorCode): ProblemDocument {
  const { title, status } = ERRORS[code];
  return {
    type: problemType(code),
    title,
    status,
    detail: `${title}.`,
    code,
    instance: '/api/v1/…',
    request_id: '0198f2a4-5c7e-7d3a-9b1c-2f6e8a4d0c11',
    ...(code === 'engine_unavailable' && { may_still_be_carried_out: false }),
    ...(code === 'validation_failed' && {
      errors: [{ field: 'items.0.product_id', in: 'body' as const, message: 'Invalid UUID' }],
    }),
  };
}
