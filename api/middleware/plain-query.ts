import type { MiddlewareHandler } from 'hono';
import type { ApiEnv } from '../context.ts';
import { type FieldProblem, ValidationError } from '../kernel/index.ts';

/** No filter and no path may hold a NUL: no row holds one, and PostgreSQL would refuse the query. */
export const plainQuery: MiddlewareHandler<ApiEnv> = (c, next) => {
  if (c.req.url.includes('%00')) {
    const fields = Object.entries(c.req.queries()).flatMap(([field, values]): FieldProblem[] =>
      [field, ...values].some((text) => text.includes('\0')) ? [{ field, in: 'query', message: NUL }] : [],
    );
    if (fields.length > 0) throw new ValidationError(fields);
    if (c.req.path.includes('\0')) throw new ValidationError([{ field: 'path', in: 'path', message: NUL }]);
  }
  return next();
};

const NUL = 'Holds a NUL';
