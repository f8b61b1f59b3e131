import { createRoute, z } from '@hono/zod-openapi';
import type { ZodType } from 'zod';
import type { ErrorCode } from '../../domain/errors.ts';
import type { RowAction } from '../../operations/row-kind.ts';
import {
  fails,
  FOR_ROLES,
  IdempotencyHeaders,
  json,
  type jsonBody,
  type optionalJsonBody,
  REPEATABLE,
  WITH_BODY,
} from '../kernel/index.ts';
import { onlyRoles } from '../middleware/access.ts';
import { emptyBodyIsNone } from '../middleware/empty-body.ts';
import { AWAITS, Awaits } from './operate.ts';

/** What the route of one action says of itself. */
interface OperatorRoute<Path extends string, Request, Responses> {
  readonly path: Path;
  readonly operationId: string;
  readonly summary: string;
  readonly description: string;
  /** The body gives the reason, or may be left out where an action can do without. */
  readonly request: Request;
  /** `doneOrAwaits` or `startedOrAwaits`. */
  readonly responses: Responses;
  /** The actions that it may be asked for: it refuses what they refuse. */
  readonly actions: readonly Pick<RowAction, 'refusals'>[];
  /** What it refuses besides. */
  readonly refusals?: readonly ErrorCode[];
}

/**
 * A route by which admins act on one row: only once for each `Idempotency-Key`, and on more money than one of them
 * decides on with a second one. Its handler calls `operate`.
 */
export function operatorRoute<
  const Path extends string,
  Request extends { readonly body: ReturnType<typeof jsonBody | typeof optionalJsonBody> },
  Responses extends object,
>({ request, responses, actions, refusals = [], ...said }: OperatorRoute<Path, Request, Responses>) {
  const access = onlyRoles('admin');
  const middleware = request.body.required ? access.middleware : [...access.middleware, emptyBodyIsNone];
  const codes = [...refusals, ...actions.flatMap((action) => action.refusals)];
  return createRoute({
    method: 'post',
    ...said,
    tags: ['Operations'],
    ...access,
    middleware,
    request: { ...request, headers: IdempotencyHeaders },
    responses: {
      ...responses,
      ...fails(...FOR_ROLES, ...WITH_BODY, ...REPEATABLE, ...codes),
    },
  });
}

/** Done when the call is answered, unless it waits for a second admin. */
export const doneOrAwaits = <Schema extends ZodType>(schema: Schema, description: string) => ({
  200: json(schema, description),
  202: json(Awaits, AWAITS),
});

/** A workflow does it from here on, or it waits for a second admin. */
export const startedOrAwaits = <Schema extends ZodType>(schema: Schema, description: string) => ({
  202: json(z.union([schema, Awaits]), `${description} ${AWAITS}`),
});
