import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { Page, PageAsk } from '../../db/kernel/page.ts';
import type { ApiEnv } from '../context.ts';
import { ValidationError } from './validation.ts';

const LIMIT_MAX = 100;
const LIMIT_DEFAULT = 20;
const NEWEST_FIRST = '-created_at';
const OLDEST_FIRST = 'created_at';

/** Rows of a page; a higher value gives the most that is allowed. */
export const limitField = (preset: number) =>
  z.coerce
    .number()
    .int()
    .min(1)
    .default(preset)
    .transform((limit) => Math.min(limit, LIMIT_MAX))
    .openapi({
      description: `Rows of a page; more than ${LIMIT_MAX} gives ${LIMIT_MAX}`,
      example: preset,
    });

/** The query parameters of every list; a list adds its filters. */
export const PageQuery = z.object({
  limit: limitField(LIMIT_DEFAULT),
  cursor: z.string().optional().openapi({
    description: 'The `next_cursor` of the page before, which is good for this list and this caller alone',
  }),
  sort: z
    .string()
    .optional()
    .openapi({
      description: `\`${NEWEST_FIRST}\` or \`${OLDEST_FIRST}\`; anything else counts as \`${NEWEST_FIRST}\``,
    }),
});

/** Throws `validation_failed` where the cursor does not belong to this list. */
export function pageAsk(c: Context<ApiEnv>, query: z.output<typeof PageQuery>): PageAsk {
  return {
    limit: query.limit,
    afterId: readCursor(c, query.cursor),
    newestFirst: query.sort !== OLDEST_FIRST,
  };
}

/** Null: the first page. Throws `validation_failed`. */
export function readCursor(c: Context<ApiEnv>, cursor: string | undefined): string | null {
  if (cursor === undefined) return null;
  const id = c.var.deps.cursors.read(cursor, scopeOf(c));
  if (id !== null) return id;
  throw new ValidationError([{ field: 'cursor', in: 'query', message: 'Not a next_cursor of this list' }]);
}

export const writeCursor = (c: Context<ApiEnv>, id: string | null): string | null =>
  id === null ? null : c.var.deps.cursors.write(id, scopeOf(c));

const scopeOf = (c: Context<ApiEnv>) => `${c.var.caller.userId} ${c.req.path}`;

/** The schema of a list of these. */
export const listOf = <Schema extends z.ZodType>(schema: Schema) =>
  z.object({
    data: z.array(schema),
    next_cursor: z
      .string()
      .nullable()
      .openapi({ description: 'Give it as `cursor` for the next page; null: no more' }),
  });

export function showPage<Row, View>(c: Context<ApiEnv>, page: Page<Row>, show: (row: Row) => View) {
  return { data: page.rows.map(show), next_cursor: writeCursor(c, page.nextAfterId) };
}
