import { z } from '@hono/zod-openapi';
import type { Page, PageAsk } from '../db/queries/page.ts';

const LIMIT_MAX = 100;
const LIMIT_DEFAULT = 20;
const NEWEST_FIRST = '-created_at';
const OLDEST_FIRST = 'created_at';

/** Rows a page; more than are allowed gives as many as are. */
export const limitField = (preset: number) =>
  z.coerce
    .number()
    .int()
    .min(1)
    .default(preset)
    .transform((limit) => Math.min(limit, LIMIT_MAX))
    .openapi({
      description: `Rows a page; more than ${LIMIT_MAX} gives ${LIMIT_MAX}`,
      example: preset,
    });

/** The query parameters of every list; a list adds its filters. */
export const PageQuery = z.object({
  limit: limitField(LIMIT_DEFAULT),
  cursor: z
    .string()
    .transform((cursor, context) => {
      const id = decodeCursor(cursor);
      if (id !== undefined) return id;
      context.addIssue({ code: 'custom', message: 'Not a next_cursor of this API' });
      return z.NEVER;
    })
    .optional()
    .openapi({ type: 'string', description: 'The `next_cursor` of the page before' }),
  sort: z
    .string()
    .optional()
    .openapi({
      description: `\`${NEWEST_FIRST}\` or \`${OLDEST_FIRST}\`; anything else counts as \`${NEWEST_FIRST}\``,
    }),
});

export function pageAsk(query: z.output<typeof PageQuery>): PageAsk {
  return { limit: query.limit, afterId: query.cursor ?? null, newestFirst: query.sort !== OLDEST_FIRST };
}

/** The schema of a list of these. */
export const listOf = <Schema extends z.ZodType>(schema: Schema) =>
  z.object({
    data: z.array(schema),
    next_cursor: z
      .string()
      .nullable()
      .openapi({ description: 'Give it as `cursor` for the next page; null: no more' }),
  });

export function showPage<Row, View>(page: Page<Row>, show: (row: Row) => View) {
  return {
    data: page.rows.map(show),
    next_cursor: page.nextAfterId === null ? null : encodeCursor(page.nextAfterId),
  };
}

export const encodeCursor = (id: string) => Buffer.from(`after:${id}`).toString('base64url');

function decodeCursor(cursor: string): string | undefined {
  const [, id] = /^after:(.+)$/.exec(Buffer.from(cursor, 'base64url').toString()) ?? [];
  return z.uuid().safeParse(id).data;
}
