import type { Handler } from 'hono';
import { listSettlementFiles } from '../../../db/settlements/index.ts';
import type { ConsoleDeps, ConsoleEnv } from '../deps.ts';
import { count, moment, momentOr } from '../format.ts';
import { html } from '../html.ts';
import { document } from '../layout.ts';
import { address, pageAsk } from '../query.ts';
import { pager } from '../views/filters.ts';
import { badge } from '../views/status.ts';
import { table } from '../views/table.ts';

/** The providers' settlement files that were held against our rows, the newest first. */
export const settlementFilesPage =
  ({ db }: ConsoleDeps): Handler<ConsoleEnv> =>
  async (c) => {
    const { rows, nextAfterId } = await listSettlementFiles(db, pageAsk(c.req.query('after')));
    const body = html`<section aria-label="Settlement files">
      ${table({
        caption: 'Settlement files',
        columns: [
          {
            title: 'File',
            cell: (row) =>
              html`<a href="/ops/statements/${row.id}">${row.fileName}</a>
                <span class="sub">${row.provider}, ${row.layout}</span>`,
          },
          { title: 'Rows', cell: ({ rowsRead }) => count(rowsRead), isNumber: true },
          {
            title: 'Open exceptions',
            cell: ({ open }) => html`${count(open)} ${open > 0 && badge('open')}`,
            isNumber: true,
          },
          { title: 'From', cell: ({ periodFrom }) => momentOr(periodFrom, '–') },
          { title: 'To', cell: ({ periodTo }) => momentOr(periodTo, '–') },
          { title: 'Read', cell: ({ createdAt }) => moment(createdAt) },
          { title: 'Matched', cell: ({ endedAt }) => momentOr(endedAt, 'under way') },
        ],
        rows,
        empty: 'No settlement file has been read. npm run ops -- reconcile-statement reads one.',
      })}
      ${pager(
        nextAfterId === null ? null : address('/ops/statements', { after: nextAfterId }),
        `${rows.length} shown, the newest first`,
      )}
    </section>`;
    return c.html(document(c, { title: 'Settlement files', body }));
  };
