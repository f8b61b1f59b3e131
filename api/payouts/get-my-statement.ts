import { createRoute, z } from '@hono/zod-openapi';
import { accepts } from 'hono/accepts';
import { readSellerStatement } from '../../db/payouts/seller-statement.ts';
import { alsoWhileLeaving, signedIn } from '../middleware/access.ts';
import { sayVaries } from '../middleware/say-header.ts';
import {
  PageQuery,
  readCursor,
  writeCursor,
  fails,
  SIGNED_IN,
  defineRoute,
  json,
  ValidationError,
  asDate,
} from '../kernel/index.ts';
import { CSV_PAGE_LINES, streamCsv } from './seller-statement-csv.ts';
import { showBalances, showLine, SellerStatement } from './seller-statement-view.ts';

/** A day stands for its midnight in UTC. A time without an offset is refused: its zone would be a guess. */
const moment = (description: string) =>
  z
    .union([z.iso.date(), z.iso.datetime({ offset: true })], {
      error: 'Expected a date (2026-01-31) or a time with its offset (2026-01-31T12:00:00Z)',
    })
    .transform(asDate)
    .optional()
    .openapi({ type: 'string', description, example: '2026-01-01' });

const Query = PageQuery.pick({ limit: true, cursor: true }).extend({
  from: moment('Begins here, inclusive; a day means its midnight in UTC. Absent: with the first entry'),
  to: moment('Ends here, exclusive; a day means its midnight in UTC. Absent: now'),
  format: z.enum(['json', 'csv']).optional().openapi({
    description: 'Instead of the Accept header. CSV comes as a whole: `limit` and `cursor` do not apply',
  }),
});

const route = createRoute({
  method: 'get',
  path: '/sellers/me/statement',
  operationId: 'getMyStatement',
  summary: 'Every movement of your money, and the balance after it',
  description: `Oldest first, computed from the ledger. \`from\` is inclusive and \`to\` exclusive, so that statements of
adjoining ranges meet: one's closing balance is the next one's opening balance. What is younger than a minute may still
gain a line.`,
  tags: ['Sellers'],
  ...alsoWhileLeaving(signedIn()),
  request: { query: Query },
  responses: {
    200: {
      description: 'The statement',
      content: {
        ...json(SellerStatement, '').content,
        'text/csv': { schema: z.string().openapi({ description: 'RFC 4180, with a row of names' }) },
      },
    },
    ...fails(...SIGNED_IN, 'validation_failed'),
  },
});

export const getMyStatement = defineRoute(route, async (c) => {
  const { db, now } = c.var.deps;
  const { from = null, to = now(), limit, cursor, format } = c.req.valid('query');
  if (from !== null && from >= to) {
    throw new ValidationError([{ field: 'to', in: 'query', message: 'Must be after `from`' }]);
  }
  const range = { sellerId: c.var.caller.userId, from, to };
  sayVaries(c, 'Accept');
  const accepted = accepts(c, {
    header: 'Accept',
    supports: ['application/json', 'text/csv'],
    default: 'application/json',
  });
  if (format === 'csv' || (format === undefined && accepted === 'text/csv')) {
    const first = await readSellerStatement(db, range, { limit: CSV_PAGE_LINES, afterId: null });
    const name = `statement-${from?.toISOString().slice(0, 10) ?? 'all'}-${to.toISOString().slice(0, 10)}.csv`;
    return c.body(streamCsv(db, range, first!), 200, {
      'Content-Type': 'text/csv; charset=utf-8; header=present',
      'Content-Disposition': `attachment; filename="${name}"`,
      'Cache-Control': 'no-store',
    });
  }
  const page = await readSellerStatement(db, range, { limit, afterId: readCursor(c, cursor) });
  if (page === null) {
    throw new ValidationError([
      { field: 'cursor', in: 'query', message: 'Not a next_cursor of this statement' },
    ]);
  }
  return c.json(
    {
      from: from?.toISOString() ?? null,
      to: to.toISOString(),
      balances: showBalances(page),
      data: page.lines.map(showLine),
      next_cursor: writeCursor(c, page.nextAfterId),
    },
    200,
  );
});
